-- The span each event was written in: its delivery, later and perhaps by another replica, is then seen in that trace.
ALTER TABLE outbox_events ADD COLUMN traceparent text;
