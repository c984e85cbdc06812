-- Holds are claimed and resolved a batch at a time.

-- Locks the holds of a batch that are still open, then the books of the providers they are captured for; each in the
-- order of its key, so that two batches that share some wait for each other instead of deadlocking.
-- Answers one row per open hold (hold_id set) and one per book (provider_id set).
CREATE FUNCTION claim_holds(p_holds text[], p_providers text[])
RETURNS TABLE (hold_id text, provider_id text, commission_carry bigint, claims bigint, mean_deviation_ppm bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT o.hold_id, NULL::text, NULL::bigint, NULL::bigint, NULL::bigint
  FROM open_holds o WHERE o.hold_id = ANY (p_holds) ORDER BY o.hold_id FOR UPDATE;
  INSERT INTO provider_books (provider_id)
  SELECT p FROM unnest(p_providers) AS p
  WHERE NOT EXISTS (SELECT FROM provider_books b WHERE b.provider_id = p)
  ORDER BY p ON CONFLICT (provider_id) DO NOTHING;
  RETURN QUERY SELECT NULL::text, b.provider_id, b.commission_carry, b.claims, b.mean_deviation_ppm
  FROM provider_books b WHERE b.provider_id = ANY (p_providers) ORDER BY b.provider_id FOR UPDATE;
END $$;
DROP FUNCTION claim_hold(text, text[]);

-- Posts the sums of a batch and the transfers they are made of, in one round trip.
-- p_accounts: [{name, base, kind, posted_cents, released_cents}], one entry per account: what its transfers add up to
-- and what its wallet's resolved holds set free. Missing ones are made, then all are locked in id order.
-- p_transfers: as post_transfers takes them; their ids must be new.
CREATE FUNCTION post_batch(p_accounts jsonb, p_transfers jsonb, p_posted_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO accounts (name, base, kind)
  SELECT a.name, a.base, a.kind FROM jsonb_to_recordset(p_accounts) AS a (name text, base text, kind text)
  WHERE NOT EXISTS (SELECT FROM accounts known WHERE known.name = a.name)
  ORDER BY a.name ON CONFLICT (name) DO NOTHING;

  PERFORM FROM accounts
  WHERE name IN (SELECT a.name FROM jsonb_to_recordset(p_accounts) AS a (name text))
  ORDER BY accounts.id FOR UPDATE;

  UPDATE accounts SET posted_cents = accounts.posted_cents + a.posted_cents,
    pending_cents = pending_cents - a.released_cents
  FROM jsonb_to_recordset(p_accounts) AS a (name text, posted_cents bigint, released_cents bigint)
  WHERE accounts.name = a.name;

  INSERT INTO transfers (id, debit_account_id, credit_account_id, amount_cents, kind, transaction_id, request_id,
    provider_id, posted_at)
  SELECT t.id, d.id, c.id, t.amount_cents, t.kind, t.transaction_id, t.request_id, t.provider_id, p_posted_at
  FROM jsonb_to_recordset(p_transfers) AS t (id text, debit text, credit text, amount_cents bigint, kind text,
    transaction_id text, request_id text, provider_id text)
  JOIN accounts d ON d.name = t.debit JOIN accounts c ON c.name = t.credit;
END $$;
