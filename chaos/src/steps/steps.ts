/** Where a request is stopped and something killed, in the order in which a request passes them. */
export const steps = [
  'njordr/accept:before',
  'njordr/accept:after',
  // The slot is reserved, the transaction stored, nothing held.
  'njordr→heidrun/PreAuthorize:before',
  // Held, and Njörðr does not know.
  'njordr→heidrun/PreAuthorize:after',
  'njordr/start:before',
  'njordr/start:after',
  'link/job',
  'link/chunk',
  'client/first-token',
  'njordr/checkpoint:before',
  'njordr/checkpoint:after',
  'njordr→heidrun/CapturePreAuth:before',
  // Paid, and Njörðr does not know.
  'njordr→heidrun/CapturePreAuth:after',
  'njordr/end:before',
  // Ended, and neither Njörðr nor the client knows.
  'njordr/end:after',
  'njordr→nornen/IngestEvents:before',
  'njordr→nornen/IngestEvents:after',
  'njordr→eikthyrnir/RecordObservations:before',
  'njordr→eikthyrnir/RecordObservations:after',
  'heidrun→nornen/IngestEvents:before',
  'heidrun→nornen/IngestEvents:after',
] as const;

export type Step = (typeof steps)[number];

export const victims = ['njordr', 'heidrun', 'nornen', 'eikthyrnir', 'postgres'] as const;

export type Victim = (typeof victims)[number];
