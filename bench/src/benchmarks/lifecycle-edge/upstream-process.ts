import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { runChild } from '../../processes/run-child.ts';
import { answer, model } from './chat.ts';

const words = answer.split(/(?<= )/);
const usage = { prompt_tokens: 12, completion_tokens: words.length, total_tokens: 12 + words.length };
const head = { id: 'chatcmpl-bench', created: 1_700_000_000, model };
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const streamed = [
  ...words.map((content) => chunk({ content })),
  chunk({}, 'stop'),
  `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
  'data: [DONE]\n\n',
].join('');
const message = { role: 'assistant', content: answer };
const whole = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [{ index: 0, message, finish_reason: 'stop' }],
  usage,
});
const models = JSON.stringify({ object: 'list', data: [{ id: model, object: 'model', max_model_len: 8_192 }] });

/** An inference server that costs next to nothing: every chat gets the same short answer at once, as one wants it. */
runChild(async () => {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      if (request.url?.endsWith('/models') === true) send(response, 'application/json', models);
      else if (/"stream"\s*:\s*true/.test(body)) send(response, 'text/event-stream', streamed);
      else send(response, 'application/json', whole);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { ready: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }, close };
});

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}
