-- The order in which events arrived, for those who follow them. A position is drawn from the head's row, which stays
-- locked until the events are committed: whoever sees a position sees every lower one that will ever be.
CREATE TABLE history_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- Tells the cursors of this history from those of another database.
  history_id uuid NOT NULL DEFAULT gen_random_uuid(),
  position bigint NOT NULL CHECK (position >= 0)
);

ALTER TABLE history_events ADD COLUMN position bigint;
UPDATE history_events AS event SET position = numbered.position
FROM (
  SELECT event_id, row_number() OVER (ORDER BY received_at, service, subject, sequence) AS position FROM history_events
) AS numbered
WHERE numbered.event_id = event.event_id;
ALTER TABLE history_events ALTER COLUMN position SET NOT NULL;
CREATE UNIQUE INDEX history_events_by_position ON history_events (position);
INSERT INTO history_head (position) SELECT coalesce(max(position), 0) FROM history_events;
