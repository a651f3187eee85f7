import { expect, test } from 'vitest';
import { type Arrival, Inbox } from '../src/wire/inbox';
import { bytes, json } from './golden';

const messages = json('messages.json');

function opened(): { inbox: Inbox; seen: Arrival[] } {
  const seen: Arrival[] = [];
  const inbox = new Inbox((arrival) => seen.push(arrival));
  return { inbox, seen };
}

function started() {
  const all = opened();
  all.inbox.text(JSON.stringify(messages.ready));
  all.inbox.binary(new Uint8Array(384000));
  return all;
}

test('ready and its buffer are one event', () => {
  const { inbox, seen } = opened();
  inbox.text(JSON.stringify(messages.ready));
  expect(seen).toEqual([]);
  expect(inbox.ready).toBe(false);
  inbox.binary(new Uint8Array(384000));
  expect(seen.map((arrival) => arrival.kind)).toEqual(['ready']);
  expect(inbox.ready).toBe(true);
});

test('a whole recorded stem set is one event, and slices follow it', () => {
  const { inbox, seen } = started();
  inbox.text(JSON.stringify(json('stem_assets.json')));
  inbox.binary(bytes('stem_vocals.bin'));
  inbox.binary(bytes('stem_instruments.bin'));
  inbox.binary(bytes('slice_raw.bin'));
  expect(seen.map((arrival) => arrival.kind)).toEqual(['ready', 'stems', 'slice']);
});

test('stem_failed cancels a half-received set', () => {
  const { inbox, seen } = started();
  inbox.text(JSON.stringify(json('stem_assets.json')));
  inbox.binary(bytes('stem_vocals.bin'));
  inbox.text(JSON.stringify(messages.stem_failed));
  inbox.binary(bytes('slice_raw.bin'));
  expect(seen.map((arrival) => arrival.kind)).toEqual(['ready', 'message', 'slice']);
});

test('swap_ready and its buffer are one event', () => {
  const { inbox, seen } = started();
  inbox.text(JSON.stringify(messages.swap_ready));
  inbox.binary(new Uint8Array(230400));
  inbox.binary(bytes('slice_delta_a.bin'));
  expect(seen.map((arrival) => arrival.kind)).toEqual(['ready', 'swap', 'slice']);
});

test('every recorded message passes', () => {
  const { inbox, seen } = started();
  const plain = Object.values<{ type: string }>(messages).filter(
    ({ type }) => !['ready', 'swap_ready', 'stem_assets'].includes(type),
  );
  for (const message of plain) inbox.text(JSON.stringify(message));
  expect(seen.slice(1)).toEqual(plain.map((message) => ({ kind: 'message', message })));
});

test('errors of the handshake are messages', () => {
  for (const { frames } of json('init_errors.json')) {
    const { inbox, seen } = opened();
    for (const frame of frames) if (frame.type === 'error') inbox.text(JSON.stringify(frame));
    expect(seen.length).toBe(frames.filter((frame: { type?: string }) => frame.type === 'error').length);
    expect(inbox.ready).toBe(false);
  }
});

test.each([
  ['text that is no JSON', (inbox: Inbox) => inbox.text('{')],
  [
    'a message in place of a buffer',
    (inbox: Inbox) => {
      inbox.text(JSON.stringify(messages.swap_ready));
      inbox.text(JSON.stringify(messages.lora_catalog));
    },
  ],
  [
    'a stem of another size',
    (inbox: Inbox) => {
      inbox.text(JSON.stringify(json('stem_assets.json')));
      inbox.binary(new Uint8Array(7));
    },
  ],
])('%s breaks the stream and is said', (_name, act) => {
  const { inbox, seen } = started();
  act(inbox);
  expect(seen.at(-1)?.kind).toBe('broken');
});
