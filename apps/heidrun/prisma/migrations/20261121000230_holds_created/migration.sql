-- Reconciliation reads holds in the order they were made. New entries always go to the rightmost page.
CREATE INDEX holds_created ON holds (created_at);
