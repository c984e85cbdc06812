-- How far each comparison with Heidrun's holds has come, and when it is due again. Whoever moves due_at runs it, so
-- that however many replicas there are, one of them works.
CREATE TABLE reconciliation_cursors (
  name text PRIMARY KEY,
  -- Everything made before this time is compared.
  compared_until timestamptz NOT NULL,
  due_at timestamptz NOT NULL
);
INSERT INTO reconciliation_cursors (name, compared_until, due_at)
SELECT name, to_timestamp(0), to_timestamp(0) FROM unnest(ARRAY['open-holds', 'holds', 'transactions']) AS name;

-- What the comparison found, once per transaction and kind.
CREATE TABLE reconciliation_differences (
  transaction_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('HOLD_LEFT_OPEN', 'CAPTURE_MISSING', 'CAPTURED_UNCOMPLETED', 'FIGURES_DIFFER',
    'TRANSACTION_MISSING', 'TRANSACTION_STUCK', 'HOLD_MISSING')),
  preauth_id text NOT NULL,
  -- REPORTED waits for an operator; RESOLVED was, and is gone.
  action text NOT NULL CHECK (action IN ('REPAIRED', 'REPORTED', 'RESOLVED')),
  -- Both sides' figures at that time.
  details jsonb NOT NULL,
  found_at timestamptz NOT NULL,
  -- When it was last looked at.
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (transaction_id, kind)
);
CREATE INDEX reconciliation_differences_reported ON reconciliation_differences (updated_at) WHERE action = 'REPORTED';

-- The comparison reads transactions in the order they were made. New entries always go to the rightmost page.
CREATE INDEX transactions_created ON transactions (created_at);
