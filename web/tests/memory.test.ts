import { describe, expect, test } from 'vitest';
import {
  leasedOverTime,
  type MemoryEvent,
  MemoryHistory,
  readMap,
  separations,
  story,
} from '../src/state/memory';

const event = (t: number, what: string, part: Partial<MemoryEvent> = {}): MemoryEvent => ({
  t,
  what,
  name: 'vae_decoder',
  owner: '',
  purpose: '',
  bytes: 0,
  leased: 0,
  used: 0,
  reserved: 0,
  others: 0,
  budget: 1000,
  ...part,
});

const map = (events: MemoryEvent[], leases: { purpose: string; bytes: number }[] = []) =>
  readMap({
    ledger: {
      budget: 1000,
      leased: 300,
      peak: 500,
      leases: leases.map((lease, id) => ({ id, name: 'x', owner: '', ...lease })),
    },
    device: {
      name: 'cpu',
      card: '',
      capacity: 2000,
      used: 300,
      reserved: 400,
      others: 0,
      peak_reserved: 500,
    },
    components: [{ name: 'separator', state: 'parked', bytes: 9, restores: 2 }],
    events,
  })!;

describe('maps', () => {
  test('of the wrong shape are none, and missing members are 0', () => {
    for (const bad of [null, 7, [], {}, { ledger: {} }, { device: {} }]) expect(readMap(bad)).toBeNull();
    const read = readMap({ ledger: { budget: 7 }, events: [{ what: 'parked' }, 3] });
    expect(read?.events.length).toBe(1);
    expect(read?.events[0]).toMatchObject({ what: 'parked', t: 0, bytes: 0, owner: '' });
  });

  test('one after the other are one history, without repeats', () => {
    const history = new MemoryHistory();
    const [a, b, c] = [event(1, 'granted'), event(2, 'step'), event(3, 'returned')];
    history.take(map([a, b]), 100);
    history.take(map([a, b, c]), 101);
    expect(history.events.map(({ t }) => t)).toEqual([1, 2, 3]);
    expect(history.serverTime(101)).toBe(3);
  });

  test('that come newest first are turned round', () => {
    const read = map([
      event(3, 'parked', { name: 'b' }),
      event(3, 'granted', { name: 'a' }),
      event(1, 'step'),
    ]);
    expect(read.events.map(({ t, name }) => [t, name])).toEqual([
      [1, 'vae_decoder'],
      [3, 'a'],
      [3, 'b'],
    ]);
  });

  test('of a server that was started anew begin anew', () => {
    const history = new MemoryHistory();
    history.take(map([event(500, 'step')]), 10);
    history.take(map([event(1, 'granted')]), 20);
    expect(history.events.map(({ t }) => t)).toEqual([1]);
  });
});

test('leased bytes are reckoned back by purpose', () => {
  const events = [
    event(1, 'granted', { purpose: 'weights', bytes: 200, leased: 200 }),
    event(2, 'granted', { purpose: 'workspace', bytes: 300, leased: 500 }),
    event(3, 'resized', { purpose: 'workspace', bytes: 100, leased: 300 }),
    event(4, 'returned', { purpose: 'workspace', bytes: 100, leased: 200 }),
    event(5, 'granted', { purpose: 'latents', bytes: 100, leased: 300 }),
  ];
  const samples = leasedOverTime(
    map(events, [
      { purpose: 'weights', bytes: 200 },
      { purpose: 'latents', bytes: 100 },
    ]),
    events,
  );
  expect(samples.map(({ t, bytes }) => [t, bytes.weights, bytes.workspace, bytes.latents])).toEqual([
    [1, 200, 0, 0],
    [2, 200, 300, 0],
    [3, 200, 100, 0],
    [4, 200, 0, 0],
    [5, 200, 0, 100],
  ]);
});

test('separations reach from their first phase to their last, or to now', () => {
  const phase = (t: number, purpose: string) => event(t, 'stems_vram', { purpose, owner: 'song' });
  const events = ['before', 'parked', 'loaded', 'separated', 'released', 'restored'].map((purpose, i) =>
    phase(i, purpose),
  );
  expect(separations(events, 99)).toEqual([{ from: 0, to: 5, owner: 'song' }]);
  expect(separations([...events, phase(20, 'before'), phase(21, 'parked')], 25)).toEqual([
    { from: 0, to: 5, owner: 'song' },
    { from: 20, to: 25, owner: 'song' },
  ]);
});

test('every event has a sentence', () => {
  for (const what of [
    'granted',
    'returned',
    'resized',
    'refused',
    'restored',
    'parked',
    'trimmed',
    'oom',
    'budget',
    'step',
    'stems_vram',
    'idle_vram_trim',
    'defect',
  ]) {
    const text = story(
      event(1, what, {
        purpose: what === 'stems_vram' ? 'before' : 'weights',
        owner: 'song',
        bytes: 5 * 2 ** 20,
      }),
    );
    expect(text, what).toMatch(/^[A-Za-z].*\.$/);
    expect(text).not.toContain('undefined');
  }
  expect(story(event(1, 'stems_vram', { purpose: 'loaded' }))).toBe('The separator is on the device.');
});
