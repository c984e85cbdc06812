import { expect, it } from 'vitest';
import { parseChanges } from './parse-changes.ts';

it.each([
  ['holds.ttlSeconds=600', '600'],
  ['log.level=debug', '"debug"'],
  ['peers.nornen=127.0.0.1:50054', '"127.0.0.1:50054"'],
  ['log.modules={"grpc": "warn"}', '{"grpc":"warn"}'],
  ['note="600"', '"600"'],
  ['note=""', '""'],
  ['url=https://x.example/?a=b', '"https://x.example/?a=b"'],
])('%s is the value %s', (given, valueJson) => {
  expect(parseChanges([given])).toEqual([{ path: given.slice(0, given.indexOf('=')), valueJson }]);
});

it.each([
  ['log.level', 'log.level: must be <path>=<value>'],
  ['=debug', '=debug: must be <path>=<value>'],
  ['log.level=', 'log.level: has no value; "" is empty text'],
  ['log.level=null', 'log.level: null is no value; edda settings reset log.level drops it'],
])('%s is refused', (given, message) => {
  expect(() => parseChanges(['fine=1', given])).toThrow(message);
});
