-- Until when a user's payout method is relied on, because providers of theirs are listed. Njörðr prolongs it as long as
-- they are, so that it ends by itself, whatever becomes of the news that one is listed no more.
CREATE TABLE payout_needs (
  network_id text NOT NULL,
  user_id text NOT NULL,
  needed_until timestamptz(3) NOT NULL,
  PRIMARY KEY (network_id, user_id)
);

-- The last time the ledger was verified by itself: one row, which whichever replica is first takes.
CREATE TABLE ledger_checks (
  id smallint PRIMARY KEY CHECK (id = 1),
  begun_at timestamptz(3) NOT NULL,
  checked_at timestamptz(3),
  violations bigint NOT NULL,
  transfers bigint NOT NULL
);
INSERT INTO ledger_checks (id, begun_at, violations, transfers) VALUES (1, 'epoch', 0, 0);
