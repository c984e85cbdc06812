/** The settings group `audit`. */
export interface AuditSettings {
  readonly seal: {
    /** How often waiting records are looked for without `notify`, ms. */
    readonly intervalMs: number;
    /** Most records sealed in one transaction. */
    readonly batchSize: number;
  };
  readonly anchor: {
    readonly file?: string | undefined;
    readonly url?: string | undefined;
    readonly intervalSeconds: number;
  };
}
