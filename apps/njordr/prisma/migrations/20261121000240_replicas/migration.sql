-- Replicas of this service that live: where the others reach them. Written by each for itself, swept by all.
CREATE TABLE replicas (
  replica_id text PRIMARY KEY,
  -- host:port of its gRPC server.
  address text NOT NULL,
  heartbeat_at timestamptz NOT NULL
);

-- The replica that has the provider's line, as far as it is written down; of no meaning once that replica is gone.
ALTER TABLE providers ADD COLUMN connected_replica text;
