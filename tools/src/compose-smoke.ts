import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { composeCommand, dockerAnswers } from './docker.ts';
import { freePortOffset } from './free-port-offset.ts';
import { runCommand } from './run-command.ts';
import { type StepResult } from './steps.ts';
import { workspaceRoot } from './workspace.ts';

/** Host ports docker-compose.yml publishes, by the variable that moves each. */
const publishedPorts = {
  NJORDR_HTTP_PORT: 8080,
  NJORDR_PORT: 50051,
  HEIDRUN_PORT: 50052,
  EIKTHYRNIR_PORT: 50053,
  NORNEN_PORT: 50054,
} as const;

const services = ['postgres', 'redis', 'njordr', 'heidrun', 'eikthyrnir', 'nornen', 'agent'];

/** Prints a demo user's token; run inside the stack, which alone holds the signing key. */
const tokenCommand = ['run', '--rm', '-T', 'keys', 'token', '--data-dir', '/keys', '--user', 'demo'];

/** Building images without BuildKit takes minutes on two cores; starting, seconds. */
const buildTimeoutMs = 8 * 60_000;
const upTimeoutMs = 2 * 60_000;
const readyTimeoutMs = 120_000;

/**
 * Builds and starts the whole stack under a project name and ports of its own, completes one request through the
 * HTTP edge and has a large prompt counted, and takes everything down again, whatever happened. Prints the logs on failure.
 */
export async function composeSmoke(): Promise<StepResult> {
  if (!existsSync(join(workspaceRoot, 'docker-compose.yml')))
    return { verdict: 'not run', note: 'no docker-compose.yml' };
  if (!(await dockerAnswers())) return { verdict: 'not run', note: 'Docker does not answer' };
  const command = await composeCommand();
  if (!command) return { verdict: 'not run', note: 'Compose is not installed' };

  const [program, ...prefix] = command;
  const project = `edda-smoke-${randomBytes(4).toString('hex')}`;
  const offset = await freePortOffset(Object.values(publishedPorts));
  const ports = Object.entries(publishedPorts).map(([name, port]) => [name, String(port + offset)] as const);
  // Compose v1 needs the classic builder.
  const builder = program === 'docker-compose' ? { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' } : {};
  const env = { ...Object.fromEntries(ports), ...builder };
  const compose = (args: readonly string[], options: { capture?: boolean; timeoutMs?: number } = {}) =>
    runCommand(program, [...prefix, '-p', project, '-f', 'docker-compose.yml', ...args], { env, ...options });
  // A classic build has been seen to stall; what it has built by then is kept, so a second one is short.
  const build = async () =>
    (await compose(['build', 'keys', 'welcome', ...services], { timeoutMs: buildTimeoutMs })).code;
  const built = async () => (await build()) === 0 || (await build()) === 0;

  let result: StepResult = { verdict: 'failed', note: 'the stack did not start' };
  // Ctrl-C reaches Compose as well, which ends; this process must live on to take the stack down.
  const stay = () => {};
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stay);
  try {
    if ((await built()) && (await compose(['up', '-d', ...services], { timeoutMs: upTimeoutMs })).code === 0) {
      const token = await compose(tokenCommand, { capture: true, timeoutMs: 30_000 });
      const url = `http://127.0.0.1:${publishedPorts.NJORDR_HTTP_PORT + offset}`;
      result = await completeOneRequest(url, token.stdout.trim());
    }
  } finally {
    if (result.verdict !== 'passed') await compose(['logs', '--no-color', '--tail=80']);
    await compose(['down', '-v', '--rmi', 'local', '--remove-orphans'], { timeoutMs: 120_000 });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stay);
  }
  return result;
}

/** Asks until the answer arrives or two minutes are over: the agent may still be registering. */
async function completeOneRequest(url: string, token: string): Promise<StepResult> {
  const deadline = Date.now() + readyTimeoutMs;
  let last = 'no answer';
  while (Date.now() < deadline) {
    last = await chat(url, token).catch((error: unknown) => String(error));
    if (last === 'completed') return countLargePrompt(url, token);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return { verdict: 'failed', note: last };
}

/**
 * A prompt that a thread counts: whether the bundle has what the thread runs shows only in the image. It may be too
 * long for every model, but nothing may be out of order.
 */
async function countLargePrompt(url: string, token: string): Promise<StepResult> {
  const answer = await chat(url, token, 'All of it. '.repeat(10_000)).catch((error: unknown) => String(error));
  if (answer === 'completed' || /^4\d\d: .*context/i.test(answer)) {
    return { verdict: 'passed', note: 'one request completed through the edge, a large prompt counted' };
  }
  return { verdict: 'failed', note: `a large prompt: ${answer}` };
}

async function chat(url: string, token: string, content = 'Say something.'): Promise<string> {
  const signal = AbortSignal.timeout(30_000);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const models = (await (await fetch(`${url}/v1/models`, { headers, signal })).json()) as { data?: { id: string }[] };
  const model = models.data?.[0]?.id;
  if (model === undefined) return `no model is offered: ${JSON.stringify(models)}`;
  const body = JSON.stringify({ model, max_tokens: 32, messages: [{ role: 'user', content }] });
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body, signal });
  const answer = (await response.json()) as { choices?: { message?: { content?: string } }[] };
  return answer.choices?.[0]?.message?.content ? 'completed' : `${response.status}: ${JSON.stringify(answer)}`;
}
