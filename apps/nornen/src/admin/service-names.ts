/** The services of a market. */
export const serviceNames = ['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const;

export type ServiceName = (typeof serviceNames)[number];

export const isServiceName = (name: string): name is ServiceName => (serviceNames as readonly string[]).includes(name);
