/** A chain, the action of the record, and who acted. */
export interface AuditedMutation {
  service: 'heidrun' | 'njordr' | 'nornen' | 'eikthyrnir';
  action: string;
  /** The caller, or the system where the change comes of itself. */
  actor: string;
  /** Kind of the subject: what stands before its colon. */
  subject: string;
}

const of = (service: AuditedMutation['service'], action: string, actor: string, subject: string): AuditedMutation => ({
  ...{ service, action, actor, subject },
});

/** What each mutation leaves in the audit log, or why it leaves nothing. The test calls every one of them. */
export const auditedMutations: Readonly<Record<string, AuditedMutation | string>> = {
  'heidrun.v1.PaymentService/AddPaymentMethod': of('heidrun', 'payment_method.add', 'ada', 'payment_method'),
  'heidrun.v1.PaymentService/VerifyPaymentMethod': of('heidrun', 'payment_method.verify', 'ada', 'payment_method'),
  'heidrun.v1.PaymentService/SetDefaultPaymentMethod': of('heidrun', 'payment_method.default', 'ada', 'payment_method'),
  'heidrun.v1.PaymentService/RemovePaymentMethod': of('heidrun', 'payment_method.remove', 'ada', 'payment_method'),
  'heidrun.v1.PaymentService/TopUp': of('heidrun', 'top_up.begin', 'ada', 'top_up'),
  'heidrun.v1.PaymentService/RequestPayout': of('heidrun', 'payout.requested', 'otto', 'payout'),
  'heidrun.v1.PaymentService/SetPayoutSettings': of('heidrun', 'payout_settings.set', 'ada', 'user'),
  'heidrun.v1.PaymentService/SetSpendingLimit': of('heidrun', 'spending_limit.set', 'ada', 'user'),
  'heidrun.v1.PaymentService/SetAutoTopUp': of('heidrun', 'auto_topup.set', 'ada', 'user'),
  'heidrun.v1.PaymentService/SetBudgetAlert': of('heidrun', 'budget_alert.set', 'ada', 'user'),
  'heidrun.v1.PaymentService/SetNetting': of('heidrun', 'netting.set', 'ada', 'user'),
  'heidrun.v1.PaymentService/AdjustBalance': of('heidrun', 'balance.adjusted', 'operator', 'earnings'),
  'heidrun.v1.PaymentService/SetCreditLimit': of('heidrun', 'credit_limit.set', 'operator', 'user'),
  'heidrun.v1.PaymentService/FreezeAccount': of('heidrun', 'account.frozen', 'operator', 'user'),
  'heidrun.v1.PaymentService/HandlePaymentWebhook': 'what it changes is audited as topup.* and payout.*',
  'heidrun.v1.PreAuthService/PreAuthorize': of('heidrun', 'preauth.hold', 'njordr', 'preauth'),
  'heidrun.v1.PreAuthService/CapturePreAuth': of('heidrun', 'preauth.capture', 'njordr', 'preauth'),
  'heidrun.v1.PreAuthService/CancelPreAuth': of('heidrun', 'preauth.cancel', 'njordr', 'preauth'),
  'heidrun.v1.SettlementService/Refund': of('heidrun', 'refund.posted', 'njordr', 'preauth'),
  'heidrun.v1.TokenService/TrackTokens': of('heidrun', 'usage.track', 'njordr', 'usage'),
  'heidrun.v1.PricingService/SetPricingConfig': of('heidrun', 'price.set', 'njordr', 'price'),
  'njordr.v1.ProviderService/RegisterProvider': of('njordr', 'provider.registered', 'otto', 'provider'),
  'njordr.v1.ProviderService/UpdateProvider': of('njordr', 'provider.updated', 'otto', 'provider'),
  'njordr.v1.ProviderService/SetProviderAvailability': of('njordr', 'provider.paused', 'otto', 'provider'),
  'njordr.v1.ProviderService/UnregisterProvider': of('njordr', 'provider.unregistered', 'otto', 'provider'),
  'njordr.v1.ComputeService/ExecuteRequest': of('njordr', 'transaction.create', 'ada', 'transaction'),
  'njordr.v1.ComputeService/CreateRequest': of('njordr', 'transaction.create', 'ada', 'transaction'),
  'nornen.v1.DecisionService/DecideProviderRegistration': of('nornen', 'decision.make', 'njordr', 'decision'),
  'nornen.v1.DecisionService/DecideRequest': of('nornen', 'decision.make', 'njordr', 'decision'),
  'nornen.v1.AdminService/PushSettings': of('nornen', 'settings.push', 'auditor', 'settings'),
  'settings.v1.SettingsService/UpdateSettings': of('heidrun', 'settings.update', 'auditor', 'settings'),
  'settings.v1.SettingsService/ReloadSettings': of('heidrun', 'settings.reload', 'auditor', 'settings'),
  'njordr.v1.ComputeService/CancelRequest': 'asks for the end, which is audited as transaction.cancel or .complete',
  'njordr.v1.ProviderLink/Connect': 'carries work; what it changes is audited as provider.* and transaction.*',
  'njordr.v1.ReplicaService/RunJob': 'carries work between replicas; its request is audited as transaction.*',
  'nornen.v1.HistoryService/IngestEvents': 'keeps what other services tell of changes they audited',
  'eikthyrnir.v1.QualityService/RecordObservations': 'measures; it changes no state and fixes no money',
  'eikthyrnir.v1.QualityService/StreamObservations': 'measures; it changes no state and fixes no money',
};
