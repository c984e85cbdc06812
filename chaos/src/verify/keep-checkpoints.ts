import { type Pool } from 'pg';

/** Where the last checkpoint of every transaction stays; Njörðr drops its own when it writes the end. */
export const checkpointsTable = 'chaos.checkpoints';

const KEEP = `
CREATE SCHEMA chaos;
CREATE TABLE ${checkpointsTable} (transaction_id text PRIMARY KEY, checkpoint jsonb NOT NULL);
-- As its owner: the service's role knows nothing of this schema.
CREATE FUNCTION chaos.keep_checkpoint() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ${checkpointsTable} VALUES (NEW.transaction_id, NEW.checkpoint)
  ON CONFLICT (transaction_id) DO UPDATE SET checkpoint = excluded.checkpoint;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_checkpoint AFTER UPDATE OF checkpoint ON transactions
  FOR EACH ROW WHEN (NEW.checkpoint IS NOT NULL) EXECUTE FUNCTION chaos.keep_checkpoint();`;

/** Keeps what was put down as delivered, so that the end can be held against it. @param njordr a superuser's pool */
export async function keepCheckpoints(njordr: Pick<Pool, 'query'>): Promise<void> {
  await njordr.query(KEEP);
}
