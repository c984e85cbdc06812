import { type heidrun, type nornen } from '@edda/contracts';
import { type GrpcClient } from '@edda/grpc-kit';

/** What registration asks of other services. */
export interface ProviderPeers {
  payments: Pick<GrpcClient<typeof heidrun.PaymentServiceService>, 'checkPaymentReadiness'>;
  pricing: Pick<GrpcClient<typeof heidrun.PricingServiceService>, 'setPricingConfig'>;
  decisions: Pick<GrpcClient<typeof nornen.DecisionServiceService>, 'decideProviderRegistration'>;
}
