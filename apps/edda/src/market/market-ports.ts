/** The ports of a market. 0 takes any free one. */
export interface MarketPorts {
  postgres: number;
  njordr: { grpc: number; operations: number; http: number };
  heidrun: { grpc: number; operations: number };
  eikthyrnir: { grpc: number; operations: number };
  nornen: { grpc: number; operations: number };
  agent: { operations: number };
}

/** The highest standard port, PostgreSQL's, is then 65,529. */
export const MAX_PORT_OFFSET = 11_200;

/** The standard ports, each moved up by `offset`. PostgreSQL has one of its own, not to meet one that runs already. */
export function standardPorts(offset: number): MarketPorts {
  return {
    postgres: 54_329 + offset,
    njordr: { grpc: 50_051 + offset, operations: 9_051 + offset, http: 8_080 + offset },
    heidrun: { grpc: 50_052 + offset, operations: 9_052 + offset },
    eikthyrnir: { grpc: 50_053 + offset, operations: 9_053 + offset },
    nornen: { grpc: 50_054 + offset, operations: 9_054 + offset },
    agent: { operations: 9_055 + offset },
  };
}

/** Any free ports: for a market that nobody has to find. */
export const freePorts: MarketPorts = {
  postgres: 0,
  njordr: { grpc: 0, operations: 0, http: 0 },
  heidrun: { grpc: 0, operations: 0 },
  eikthyrnir: { grpc: 0, operations: 0 },
  nornen: { grpc: 0, operations: 0 },
  agent: { operations: 0 },
};
