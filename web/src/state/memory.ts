// The device's memory as the server tells it: what is there now, and how it came to be. Pure; the panel
// (panels/memory.ts) draws it.
import { bytesText } from '../text';

export type Purpose = 'context' | 'weights' | 'latents' | 'workspace';
export const PURPOSES: readonly Purpose[] = ['context', 'weights', 'latents', 'workspace'];

export interface Lease {
  id: number;
  name: string;
  purpose: string;
  bytes: number;
  owner: string;
}

export interface Component {
  name: string;
  state: string;
  bytes: number;
  restores: number;
}

export interface MemoryEvent {
  /** Seconds since the server began. */
  t: number;
  what: string;
  name: string;
  owner: string;
  purpose: string;
  bytes: number;
  leased: number;
  used: number;
  reserved: number;
  others: number;
  budget: number;
}

export interface MemoryMap {
  ledger: { budget: number; leased: number; peak: number; leases: Lease[] };
  device: {
    name: string;
    card: string;
    capacity: number;
    used: number;
    reserved: number;
    others: number;
    peak_reserved: number;
  };
  components: Component[];
  events: MemoryEvent[];
}

/** How long events are kept to look back. */
export const REMEMBERED_S = 600;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const numberIn = (of: Record<string, unknown>, name: string) =>
  typeof of[name] === 'number' ? (of[name] as number) : 0;
const textIn = (of: Record<string, unknown>, name: string) =>
  typeof of[name] === 'string' ? (of[name] as string) : '';
const listIn = (of: Record<string, unknown>, name: string) =>
  Array.isArray(of[name]) ? (of[name] as unknown[]).filter(isRecord) : [];

/** Null for what is no memory map: one names a budget. Members that are missing are 0 or empty. */
export function readMap(json: unknown): MemoryMap | null {
  if (!isRecord(json)) return null;
  const root = isRecord(json['residency']) ? { ...json, ...json['residency'] } : json;
  const ledger = isRecord(root['ledger']) ? root['ledger'] : root;
  const device = isRecord(root['device']) ? root['device'] : root;
  if (typeof ledger['budget'] !== 'number') return null;
  const telemetry = isRecord(root['telemetry']) ? root['telemetry'] : root;
  const leases = listIn(ledger, 'leases').map((lease) => ({
    id: numberIn(lease, 'id'),
    name: textIn(lease, 'name') || textIn(lease, 'kind'),
    purpose: textIn(lease, 'purpose') || textIn(lease, 'kind'),
    bytes: numberIn(lease, 'bytes'),
    owner: textIn(lease, 'owner'),
  }));
  return {
    ledger: {
      budget: numberIn(ledger, 'budget'),
      leased: numberIn(ledger, 'leased') || leases.reduce((sum, lease) => sum + lease.bytes, 0),
      peak: numberIn(ledger, 'peak'),
      leases,
    },
    device: {
      name: textIn(device, 'name'),
      card: textIn(device, 'card'),
      capacity: numberIn(device, 'capacity'),
      used: numberIn(device, 'used'),
      reserved: numberIn(device, 'reserved'),
      others: numberIn(device, 'others') || numberIn(device, 'foreign'),
      peak_reserved: numberIn(device, 'peak_reserved'),
    },
    components: listIn(root, 'components').map((component) => ({
      name: textIn(component, 'name'),
      state: textIn(component, 'state'),
      bytes: numberIn(component, 'bytes'),
      restores: numberIn(component, 'restores'),
    })),
    events: inOrder(listIn(telemetry, 'events').map(readEvent)),
  };
}

/** Oldest first, whichever way they came. */
function inOrder(events: MemoryEvent[]): MemoryEvent[] {
  const [first] = events;
  const last = events[events.length - 1];
  if (first && last && first.t > last.t) events.reverse();
  return events.sort((a, b) => a.t - b.t);
}

function readEvent(event: Record<string, unknown>): MemoryEvent {
  return {
    t: numberIn(event, 't'),
    what: textIn(event, 'what'),
    name: textIn(event, 'name'),
    owner: textIn(event, 'owner'),
    purpose: textIn(event, 'purpose'),
    bytes: numberIn(event, 'bytes'),
    leased: numberIn(event, 'leased'),
    used: numberIn(event, 'used'),
    reserved: numberIn(event, 'reserved'),
    others: numberIn(event, 'others'),
    budget: numberIn(event, 'budget'),
  };
}

/** Maps one after the other become one history. */
export class MemoryHistory {
  map: MemoryMap | null = null;
  events: MemoryEvent[] = [];
  /** Adds up to the server's seconds from this page's. */
  private offset = Number.NaN;

  /** `now` is this page's clock in seconds. */
  take(map: MemoryMap, now: number): void {
    this.map = map;
    const last = this.events[this.events.length - 1];
    const newest = map.events[map.events.length - 1];
    // A clock that went back is a server that was started anew.
    if (last && newest && newest.t < last.t) this.forget();
    const since = this.events[this.events.length - 1]?.t ?? Number.NEGATIVE_INFINITY;
    const fresh = map.events.filter((event) => event.t > since);
    this.events.push(...fresh);
    // An event cannot be known before it happened: the latest bound that any event gives is the best.
    if (newest && !(newest.t - now <= this.offset)) this.offset = newest.t - now;
    const oldest = this.serverTime(now) - REMEMBERED_S;
    const keep = this.events.findIndex((event) => event.t >= oldest);
    if (keep > 0) this.events.splice(0, keep);
  }

  /** The server's seconds at a time of this page. */
  serverTime(now: number): number {
    return Number.isNaN(this.offset) ? now : now + this.offset;
  }

  private forget(): void {
    this.events = [];
    this.offset = Number.NaN;
  }
}

export interface Sample {
  t: number;
  bytes: Record<Purpose, number>;
}

/**
 * Leased bytes by purpose after each event, reckoned back from what is leased now: the change of the sum belongs
 * to the purpose of the event that made it.
 */
export function leasedOverTime(map: MemoryMap, events: MemoryEvent[]): Sample[] {
  const now: Record<Purpose, number> = { context: 0, weights: 0, latents: 0, workspace: 0 };
  for (const lease of map.ledger.leases) if (isPurpose(lease.purpose)) now[lease.purpose] += lease.bytes;
  const changes = events.filter((event) => ['granted', 'returned', 'resized'].includes(event.what));
  const samples: Sample[] = [];
  const sum = { ...now };
  for (let i = changes.length - 1; i >= 0; i--) {
    const event = changes[i]!;
    samples.push({ t: event.t, bytes: { ...sum } });
    const before = changes[i - 1]?.leased;
    if (before === undefined || !isPurpose(event.purpose)) continue;
    sum[event.purpose] = Math.max(0, sum[event.purpose] - (event.leased - before));
  }
  return samples.reverse();
}

const isPurpose = (text: string): text is Purpose => (PURPOSES as readonly string[]).includes(text);

export interface Stretch {
  from: number;
  to: number;
  owner: string;
}

/** Separations, from their first phase to their last; one that still runs ends at `now`. */
export function separations(events: MemoryEvent[], now: number): Stretch[] {
  const done: Stretch[] = [];
  let open: Stretch | null = null;
  for (const event of events) {
    if (event.what !== 'stems_vram') continue;
    if (event.purpose.startsWith('before')) open = { from: event.t, to: now, owner: event.owner };
    else if (open) open.to = event.t;
    if (open && /released|restored/.test(event.purpose)) {
      if (done[done.length - 1] !== open) done.push(open);
    }
  }
  if (open && done[done.length - 1] !== open) done.push({ ...open, to: now });
  return done;
}

const PHASES: Record<string, string> = {
  before: 'A separation is about to begin',
  parked: 'What the music does not need now made room for the separator',
  loaded: 'The separator is on the device',
  separated: 'Vocals and instruments are apart',
  released: 'The separator has left the device',
  restored: 'What made room is back',
};

/** What happened, as a sentence. */
export function story(event: MemoryEvent): string {
  const size = bytesText(event.bytes);
  const owner = event.owner ? ` for ${event.owner}` : '';
  const name = event.name.replace(/_/g, ' ');
  switch (event.what) {
    case 'granted':
      return `${name}: ${size} of ${event.purpose} were leased${owner}.`;
    case 'returned':
      return `${name}: ${size} of ${event.purpose} came back.`;
    case 'resized':
      return `${name} now leases ${size} of ${event.purpose}${owner}.`;
    case 'refused':
      return `${name} asked for ${size}${owner} and was refused: ${bytesText(Math.max(0, event.budget - event.leased))} of ${bytesText(event.budget)} were free. Nothing else changed.`;
    case 'restored':
      return `${name} came onto the device${owner} (${size}).`;
    case 'parked':
      return `${name} left the device (${size}); its weights stay in their file.`;
    case 'trimmed':
    case 'idle_vram_trim':
      return `The pool gave ${size} back to the device.`;
    case 'oom':
      return `The device refused ${size}${owner} in spite of the plan; room was made and it was tried again.`;
    case 'budget':
      return `Other programs changed what is left: the budget is now ${bytesText(event.budget)}.`;
    case 'step':
      return `${name} ran${owner}.`;
    case 'stems_vram':
      return `${PHASES[event.purpose.replace(/^.*_(?=(parked|loaded|separated|released|restored)$)/, '').replace(/_.*/, '')] ?? event.purpose}${owner}.`;
    case 'defect':
      return `${name} used more than its bound (${size}): please report this.`;
    default:
      return `${event.what} ${name}${owner} ${size}`;
  }
}

/** Those that deserve a mark of their own. */
export const isNotable = (event: MemoryEvent): boolean =>
  [
    'restored',
    'parked',
    'refused',
    'oom',
    'budget',
    'stems_vram',
    'idle_vram_trim',
    'trimmed',
    'defect',
  ].includes(event.what);
export const isGrave = (event: MemoryEvent): boolean => ['refused', 'oom', 'defect'].includes(event.what);
