import { expect } from 'vitest';
import { type BadInputMarket, type Person } from './bad-input-market.ts';
import { expectNoInsides } from './wire-call.ts';

export const marketplace = '/api/v1/marketplace';
export const payments = '/api/v1/payments';
export const requests = `${marketplace}/requests`;
export const chat = '/v1/chat/completions';

/** One request to the HTTP edge. */
export interface HttpCall {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  as?: Person;
  /** Instead of that person's; null sends none. */
  token?: string | null;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: object;
  /** Sent as it is, instead of a body. */
  raw?: string;
}

/** What a refused request must answer. */
export interface HttpRefusal {
  status: number;
  reason: string;
  /** The one field that is named; none without it. */
  field?: string;
}

/** The answer to one request. */
export interface HttpAnswer {
  status: number;
  type: string;
  text: string;
}

export async function send({ market, tokens }: BadInputMarket, call: HttpCall): Promise<HttpAnswer> {
  const { method = 'POST', path, as = 'ada', token = tokens[as], headers = {}, body, raw } = call;
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const answer = await fetch(market.httpUrl + path, {
    method,
    headers: {
      ...(content !== undefined && { 'content-type': 'application/json' }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(content !== undefined && { body: content }),
  });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

/** Asserts a problem document with exactly this, and nothing of our insides in it. */
export function expectProblem({ status, type, text }: HttpAnswer, { reason, field, ...wanted }: HttpRefusal): void {
  expect(type).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(text) as { violations?: { field: string }[]; reason: string; status: number };
  const fields = (problem.violations ?? []).map((violation) => violation.field);
  expect({ status, reason: problem.reason, fields }, text).toEqual({ ...wanted, reason, fields: listOf(field) });
  expect(problem).toMatchObject({ status, title: expect.any(String) as string, detail: expect.any(String) as string });
  expectNoInsides(text);
}

/** The same in OpenAI's shape, as everything under /v1/ answers. */
export function expectOpenAiError({ status, type, text }: HttpAnswer, refusal: HttpRefusal): void {
  expect(type).toMatch(/^application\/json/);
  const { error } = JSON.parse(text) as { error: { message: string; code: string; param: string | null } };
  const { code, param } = error;
  expect({ status, code, param }, text).toEqual({
    status: refusal.status,
    code: refusal.reason,
    param: refusal.field ?? null,
  });
  expect(error.message).not.toBe('');
  expectNoInsides(text);
}

const listOf = (field: string | undefined): string[] => (field === undefined ? [] : [field]);
