import { type njordr } from '@edda/contracts';

/** Who a Hello is for. */
export interface HelloContext {
  ownerId: string;
  networkId: string;
  /** Empty: to be found, or registered, by the device id. */
  providerId: string;
  deviceId: string;
  hello: njordr.Hello;
}

/** What the link needs of the providers: who may connect, and where they stand. */
export interface LinkRegistry {
  /**
   * Finds the provider of a Hello, or registers a new one.
   * @throws Fault whose reason goes back as Rejected: NOT_FOUND, INVALID_INPUT, PROVIDER_SUSPENDED,
   *   PROVIDER_UNREGISTERED, PROVIDER_LIMIT_REACHED
   */
  greet(context: HelloContext): Promise<{ providerId: string; status: njordr.ProviderStatus }>;
  /** Called once the line is attached: the registration goes on. */
  connected(providerId: string, hello: njordr.Hello): void;
  /** Where a provider stands, as last known; UNSPECIFIED when it is not. */
  statusOf(providerId: string): njordr.ProviderStatus;
}
