-- What a provider served today is added up against its owner's daily limit.
ALTER TABLE transaction_legs ADD COLUMN ended_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX transaction_legs_of_provider ON transaction_legs (provider_id, ended_at)
  INCLUDE (input_tokens, output_tokens);
