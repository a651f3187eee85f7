import { describe, expect, test } from 'vitest';
import { patiently, serverUrls } from '../src/wire/http';

const page = (href: string) => serverUrls({ href, search: new URL(href).search });

describe('addresses', () => {
  test('are beside the page', () => {
    const { http, socket } = page('http://127.0.0.1:1318/');
    expect(http('api/fixtures')).toBe('http://127.0.0.1:1318/api/fixtures');
    expect(socket).toBe('ws://127.0.0.1:1318/ws');
  });

  test('keep a folder, encryption and the token', () => {
    const { http, socket } = page('https://example.org/music/?token=a%26b#x');
    expect(http('v1/memory')).toBe('https://example.org/music/v1/memory?token=a%26b');
    expect(socket).toBe('wss://example.org/music/ws?token=a%26b');
  });

  test('may be those of another server', () => {
    const { http, socket } = page('http://localhost:6660/?ws=wss://other.example/live?x=1');
    expect(socket).toBe('wss://other.example/live');
    expect(http('api/loras')).toBe('https://other.example/api/loras');
  });
});

test('a server that is starting is asked again, at growing distances, for three minutes', async () => {
  const waits: number[] = [];
  const sleep = async (ms: number) => {
    waits.push(ms);
  };
  let asked = 0;
  const answer = await patiently(
    async () => {
      if (++asked < 4) throw new TypeError('Failed to fetch');
      return 'here';
    },
    () => {},
    sleep,
  );
  expect(answer).toBe('here');
  expect(waits).toEqual([500, 1000, 2000]);
  waits.length = 0;
  await expect(
    patiently(
      () => Promise.reject(new TypeError('away')),
      () => {},
      sleep,
    ),
  ).rejects.toThrow('away');
  expect(waits.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(180_000);
});
