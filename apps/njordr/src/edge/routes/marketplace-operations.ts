import { type Operation } from './operation.ts';

const base = '/api/v1/marketplace';
const providers = 'edda.njordr.v1.ProviderService';
const compute = 'edda.njordr.v1.ComputeService';
const transactions = 'edda.njordr.v1.TransactionService';
const apiKeys = 'edda.njordr.v1.ApiKeyService';
const analytics = 'edda.njordr.v1.AnalyticsService';

const providerExample = {
  device_id: 'workstation-1',
  configuration: {
    display_name: 'Workstation',
    models: [{ model: 'llama3.2', context_length: 8_192 }],
    price: { price_cents: 3, price_unit_tokens: 1_000 },
    capacity: { max_parallel_requests: 2 },
    availability: { accepting: true },
    sharing: { scope: 'PUBLIC' },
  },
};

const requestExample = {
  model: 'llama3.2',
  messages: [{ role: 'user', content: 'Why is the sky blue?' }],
  max_output_tokens: 200,
  max_cost_cents: 50,
};

/** `/api/v1/marketplace`: providers. */
export const providerOperations: readonly Operation[] = [
  {
    method: 'POST',
    url: `${base}/providers/register`,
    rpc: `${providers}/RegisterProvider`,
    tag: 'providers',
    summary: 'Register a device as a provider',
    description:
      'Payout method, connection test and decision follow in the background; read the provider to see how far it is.',
    status: 201,
    result: 'provider',
    example: providerExample,
  },
  {
    method: 'GET',
    url: `${base}/providers`,
    rpc: `${providers}/ListProviders`,
    tag: 'providers',
    summary: 'List providers',
  },
  {
    method: 'GET',
    url: `${base}/providers/:provider_id`,
    rpc: `${providers}/GetProvider`,
    tag: 'providers',
    summary: 'Read a provider',
    result: 'provider',
  },
  {
    method: 'PUT',
    url: `${base}/providers/:provider_id`,
    rpc: `${providers}/UpdateProvider`,
    tag: 'providers',
    summary: 'Change a provider’s configuration',
    description: 'Replaces the fields of the configuration that update_mask names, or all of them without one.',
    result: 'provider',
    example: { configuration: providerExample.configuration, expected_version: 1 },
  },
  {
    method: 'DELETE',
    url: `${base}/providers/:provider_id`,
    rpc: `${providers}/UnregisterProvider`,
    tag: 'providers',
    summary: 'Take a provider off the market for good',
    result: 'provider',
  },
];

/** `/api/v1/marketplace`: requests and transactions. */
export const requestOperations: readonly Operation[] = [
  {
    method: 'POST',
    url: `${base}/requests`,
    rpc: `${compute}/CreateRequest`,
    tag: 'requests',
    summary: 'Start a compute request',
    description:
      'Answers 202 with the request; its answer is read with GET. With "stream": true the answer comes as server-sent events: accepted, chunk, failover, receipt, and error where it fails after the first event.',
    status: 202,
    spread: 'parameters',
    result: 'request',
    streamed: `${compute}/ExecuteRequest`,
    keyOptional: true,
    example: requestExample,
  },
  {
    method: 'GET',
    url: `${base}/requests/:request_id`,
    rpc: `${compute}/GetRequest`,
    tag: 'requests',
    summary: 'Read a request, its answer while it is kept, and its receipt',
    result: 'request',
  },
  {
    method: 'DELETE',
    url: `${base}/requests/:request_id`,
    rpc: `${compute}/CancelRequest`,
    tag: 'requests',
    summary: 'Cancel a request; what was delivered is billed',
    result: 'request',
  },
  {
    method: 'POST',
    url: `${base}/requests/quote`,
    rpc: `${compute}/QuoteRequest`,
    tag: 'requests',
    summary: 'Rank providers and price a request without running it',
    spread: 'parameters',
    example: requestExample,
  },
  {
    method: 'GET',
    url: `${base}/requests/:request_id/routing`,
    rpc: `${compute}/ExplainRouting`,
    tag: 'requests',
    summary: 'Explain how a request was routed',
  },
  {
    method: 'GET',
    url: `${base}/transactions`,
    rpc: `${transactions}/ListTransactions`,
    tag: 'transactions',
    summary: 'List the caller’s transactions',
  },
  {
    method: 'GET',
    url: `${base}/transactions/:transaction_id`,
    rpc: `${transactions}/GetTransaction`,
    tag: 'transactions',
    summary: 'Read a transaction',
    result: 'transaction',
  },
];

/** `/api/v1/marketplace`: in the contract, not in this version. */
export const laterOperations: readonly Operation[] = [
  {
    method: 'POST',
    url: `${base}/transactions/:transaction_id/refund`,
    rpc: `${transactions}/RefundTransaction`,
    tag: 'transactions',
    summary: 'Give money back',
    later: true,
  },
  {
    method: 'POST',
    url: `${base}/transactions/:transaction_id/disputes`,
    rpc: `${transactions}/OpenDispute`,
    tag: 'transactions',
    summary: 'Dispute a transaction',
    status: 201,
    result: 'dispute',
    later: true,
  },
  {
    method: 'POST',
    url: `${base}/requests/:request_id/feedback`,
    rpc: 'edda.eikthyrnir.v1.QualityService/SubmitFeedback',
    tag: 'requests',
    summary: 'Rate an answer',
    omit: ['user_id', 'network_id'],
    later: true,
  },
  {
    method: 'GET',
    url: `${base}/analytics/provider`,
    rpc: `${analytics}/GetProviderAnalytics`,
    tag: 'analytics',
    summary: 'What the caller’s providers served',
    later: true,
  },
  {
    method: 'GET',
    url: `${base}/analytics/requester`,
    rpc: `${analytics}/GetRequesterAnalytics`,
    tag: 'analytics',
    summary: 'What the caller used',
    later: true,
  },
  {
    method: 'GET',
    url: `${base}/statistics`,
    rpc: `${analytics}/GetMarketplaceStatistics`,
    tag: 'analytics',
    summary: 'Figures of the whole market',
    later: true,
  },
  {
    method: 'GET',
    url: `${base}/api-keys`,
    rpc: `${apiKeys}/ListApiKeys`,
    tag: 'api keys',
    summary: 'List the caller’s keys',
    later: true,
  },
  {
    method: 'POST',
    url: `${base}/api-keys`,
    rpc: `${apiKeys}/CreateApiKey`,
    tag: 'api keys',
    summary: 'Make a key; its secret is shown once',
    status: 201,
    later: true,
  },
  {
    method: 'DELETE',
    url: `${base}/api-keys/:api_key_id`,
    rpc: `${apiKeys}/RevokeApiKey`,
    tag: 'api keys',
    summary: 'End a key',
    result: 'api_key',
    later: true,
  },
];
