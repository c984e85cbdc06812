/** A refusal as Stripe’s API answers it. */
export class StripeRefusal extends Error {
  readonly status: number;
  readonly details: Record<string, unknown>;

  constructor(status: number, details: Record<string, unknown>) {
    super(String(details['code']));
    this.status = status;
    this.details = details;
  }
}

type Thing = Record<string, unknown> & { id: string; status?: string; metadata?: Record<string, string> };

export interface StripeObjects {
  serve(method: string, path: string, form: URLSearchParams, account: string): unknown;
  /** Everything there is, by id. */
  all: Map<string, Thing>;
  of(object: string): Thing[];
}

const missing = (id: string) =>
  new StripeRefusal(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such object: '${id}'`,
  });
const invalid = (code: string) => new StripeRefusal(400, { type: 'invalid_request_error', code, message: code });

const card = (last4: string, funding = 'credit') => ({
  type: 'card',
  card: { brand: 'visa', funding, last4, exp_month: 12, exp_year: 2099 },
});
/** Test methods, named as Stripe names its own. */
const methods: Record<string, Record<string, unknown>> = {
  pm_card_visa: card('4242'),
  pm_card_visa_debit: card('5556', 'debit'),
  pm_card_chargeDeclined: card('0341'),
  pm_card_setupDeclined: card('0002'),
  pm_card_threeDSecureRequired: card('3220'),
  pm_sepa: { type: 'sepa_debit', sepa_debit: { last4: '3000' } },
  pm_bank: { type: 'us_bank_account', us_bank_account: { last4: '6789' } },
  pm_klarna: { type: 'klarna' },
};

/** Stripe’s objects and what happens to them. */
export function createStripeObjects(): StripeObjects {
  const all = new Map<string, Thing>();
  let count = 0;
  const make = (prefix: string, object: string, fields: Record<string, unknown>): Thing => {
    count += 1;
    const thing = { id: `${prefix}_${count}`, object, ...fields } as Thing;
    all.set(thing.id, thing);
    return thing;
  };
  const get = (id: string): Thing => {
    const thing = all.get(id);
    if (thing === undefined) throw missing(id);
    return thing;
  };
  const of = (object: string) => [...all.values()].filter((thing) => thing['object'] === object);
  const list = (data: Thing[]) => ({ object: 'list', data, has_more: false });
  const money = (form: URLSearchParams) => ({
    amount: Number(form.get('amount')),
    currency: form.get('currency'),
    metadata: metadataOf(form),
  });

  function createIntent(form: URLSearchParams): Thing {
    const method = form.get('payment_method') ?? '';
    const intent = make('pi', 'payment_intent', { ...money(form), payment_method: method, status: 'succeeded' });
    if (method === 'pm_card_chargeDeclined') {
      intent.status = 'requires_payment_method';
      throw cardError('card_declined', 'Your card was declined.', intent);
    }
    if (method === 'pm_card_threeDSecureRequired') {
      if (form.get('off_session') === 'true') {
        intent.status = 'requires_payment_method';
        throw cardError('authentication_required', 'Your card needs to be confirmed.', intent);
      }
      intent.status = 'requires_action';
      const url = `https://hooks.stripe.test/${intent.id}`;
      intent['next_action'] = { type: 'redirect_to_url', redirect_to_url: { url } };
    }
    if (method === 'pm_sepa') intent.status = 'processing';
    return intent;
  }

  function createSetup(form: URLSearchParams): Thing {
    const method = form.get('payment_method') ?? '';
    if (method === 'pm_card_setupDeclined') throw cardError('card_declined', 'Your card was declined.');
    const setup = make('seti', 'setup_intent', { status: 'succeeded', metadata: metadataOf(form) });
    if (method === 'pm_bank') {
      setup.status = 'requires_action';
      setup['next_action'] = { type: 'verify_with_microdeposits' };
    }
    return setup;
  }

  function createPayout(form: URLSearchParams, account: string): Thing {
    if (account === 'acct_closed') throw invalid('payouts_not_allowed');
    return make('po', 'payout', { ...money(form), status: 'pending', account });
  }

  function change(id: string, action: string, form: URLSearchParams): Thing {
    const thing = get(id);
    if (action === 'cancel') {
      if (thing.status === 'succeeded' || thing.status === 'canceled') throw invalid('payment_intent_unexpected_state');
      thing.status = 'canceled';
      return thing;
    }
    if (action === 'verify_microdeposits') {
      if (form.get('amounts[0]') !== '32' || form.get('amounts[1]') !== '45') {
        throw invalid('payment_method_microdeposit_verification_amounts_mismatch');
      }
      return Object.assign(thing, { status: 'succeeded', next_action: null });
    }
    if (thing['reversed'] === true) throw invalid('transfer_already_reversed');
    thing['reversed'] = true;
    return make('trr', 'transfer_reversal', { transfer: id });
  }

  function serve(method: string, path: string, form: URLSearchParams, account: string): unknown {
    const [, , resource = '', id, action] = path.split('/');
    if (method === 'GET') return read(resource, id, form, account);
    if (id !== undefined && action !== undefined) return change(id, action, form);
    switch (resource) {
      case 'customers':
        return make('cus', 'customer', { metadata: metadataOf(form) });
      case 'setup_intents':
        return createSetup(form);
      case 'payment_intents':
        return createIntent(form);
      case 'transfers': {
        const group = form.get('transfer_group');
        return make('tr', 'transfer', { ...money(form), transfer_group: group, reversed: false });
      }
      case 'payouts':
        return createPayout(form, account);
      default:
        throw missing(path);
    }
  }

  function read(resource: string, id: string | undefined, form: URLSearchParams, account: string): unknown {
    if (resource === 'payment_methods') return methodOf(id ?? '');
    if (resource === 'accounts') return accountOf(id ?? '');
    if (id === 'search') {
      const operation = /:'(.*)'$/.exec(form.get('query') ?? '')?.[1];
      return list(of('payment_intent').filter(({ metadata }) => metadata?.['edda_operation'] === operation));
    }
    if (id !== undefined) return get(id);
    if (resource === 'transfers') {
      return list(of('transfer').filter((transfer) => transfer['transfer_group'] === form.get('transfer_group')));
    }
    return list(of('payout').filter((payout) => payout['account'] === account));
  }

  return { all, of, serve };
}

function methodOf(id: string) {
  const method = methods[id];
  if (method === undefined) throw missing(id);
  return { id, object: 'payment_method', ...method };
}

function accountOf(id: string) {
  if (id === 'acct_unknown') throw missing(id);
  const external = { object: 'list', data: [{ object: 'bank_account', last4: '3000' }] };
  return { id, object: 'account', payouts_enabled: id !== 'acct_new', external_accounts: external };
}

const cardError = (code: string, message: string, intent?: Thing) =>
  new StripeRefusal(402, {
    ...{ type: 'card_error', code, message },
    ...(intent !== undefined && { payment_intent: { ...intent } }),
  });

const metadataOf = (form: URLSearchParams): Record<string, string> =>
  Object.fromEntries(
    [...form].flatMap(([name, value]) => {
      const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
      return key === undefined ? [] : [[key, value]];
    }),
  );
