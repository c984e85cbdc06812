-- The policies every deployment starts with. Operators add to them or replace them by id in the settings
-- (policies.extra); a later migration may insert a newer version with origin 'migration'.
INSERT INTO policy_snapshots (version, origin, sha256, policies) VALUES (
  1,
  'migration',
  'e9bb50c02da0a2e939b537316c2ab039a1d365ce337a092a16ad991a6de4613f',
  '[
    {"id": "provider.payout-unverified", "kind": "provider-registration",
     "rule": "!payout_verified", "effect": "deny", "priority": 100,
     "reason": "The owner has no verified payout method."},
    {"id": "provider.no-models", "kind": "provider-registration",
     "rule": "size(models) == 0", "effect": "deny", "priority": 90,
     "reason": "The provider offers no model."},
    {"id": "provider.price-too-high", "kind": "provider-registration",
     "rule": "price_cents * 1000 > 1000 * price_unit_tokens", "effect": "deny", "priority": 80,
     "reason": "A price exceeds 1,000 cents per 1,000 tokens."},
    {"id": "provider.latency-high", "kind": "provider-registration",
     "rule": "latency_ms > 2000", "effect": "review", "priority": 50,
     "reason": "The connection test took longer than 2,000 ms."},
    {"id": "request.requester-blocked", "kind": "request",
     "rule": "blocked", "effect": "deny", "priority": 100,
     "reason": "The requester is blocked."},
    {"id": "request.payment-unverified", "kind": "request",
     "rule": "!payment_verified", "effect": "deny", "priority": 90,
     "reason": "The requester has no verified payment method."},
    {"id": "request.input-too-large", "kind": "request",
     "rule": "input_tokens > 1000000", "effect": "deny", "priority": 80,
     "reason": "The input exceeds 1,000,000 tokens."}
  ]'
);
