// The memory map: where every byte of the device is, who holds it, and what happened in the last minutes.
import type { App } from '../app';
import { MemoryHistory, type MemoryMap, PURPOSES, readMap, story } from '../state/memory';
import { bytesText } from '../text';
import { panel, segments } from '../ui/controls';
import { h, Sheet } from '../ui/dom';
import { fetchJson } from '../wire/http';
import { drawMemory, nearest, type Told } from './memory_picture';

const POLL_MS = 1000;
const QUIET_POLL_MS = 5000;
const REDRAW_MS = 250;
const PUSHED_LATELY_MS = 3000;

export class MemoryPanel {
  readonly element: HTMLElement;
  readonly history = new MemoryHistory();
  private readonly sheet = new Sheet({
    class: 'memory-time',
    tabindex: 0,
    role: 'img',
    'aria-label': 'Device memory over the last minutes. Arrow keys walk through the events.',
  });
  private readonly bar = h('div', { class: 'memory-bar', role: 'list', 'aria-label': 'Leases' });
  private readonly shelf = h('div', { class: 'memory-shelf', role: 'list', 'aria-label': 'Components' });
  private readonly summary = h('p', { class: 'memory-summary' });
  private readonly tale = h('p', { class: 'memory-tale', role: 'status' });
  private told: Told[] = [];
  private chosen: Told | null = null;
  private spanS = 180;
  private lastPoll = 0;
  private lastPush = 0;
  private lastDraw = 0;
  private visible = false;
  private shown = '';
  private broken = false;

  constructor(private readonly app: App) {
    const span = segments(
      'Span of time',
      [
        { value: '60', label: '1 min' },
        { value: '180', label: '3 min' },
        { value: '600', label: '10 min' },
      ],
      (value) => {
        this.spanS = Number(value);
        span.show(value);
        this.lastDraw = 0;
      },
    );
    span.show('180');
    this.element = panel(
      'memory',
      'Memory',
      this.summary,
      this.bar,
      this.shelf,
      this.sheet.canvas,
      this.tale,
    );
    this.element.querySelector('.panel-head')!.append(legend(), span.element);
    app.session.onMemory = (map) => {
      this.lastPush = performance.now();
      this.take(map);
    };
    this.sheet.onresize = () => {
      this.lastDraw = 0;
    };
    this.sheet.canvas.onpointermove = (event) => this.choose(nearest(this.told, event.offsetX));
    this.sheet.canvas.onpointerdown = (event) => this.choose(nearest(this.told, event.offsetX));
    this.sheet.canvas.onpointerleave = () => this.choose(null);
    this.sheet.canvas.onkeydown = (event) => this.walk(event);
    new IntersectionObserver(([entry]) => {
      this.visible = entry?.isIntersecting === true;
      app.session.commands.watchMemory(this.visible);
    }).observe(this.element);
  }

  frame(now: number): void {
    const every = this.visible ? POLL_MS : QUIET_POLL_MS;
    const pushed = now - this.lastPush < PUSHED_LATELY_MS;
    if (!pushed && now - this.lastPoll > every && !document.hidden) {
      this.lastPoll = now;
      void this.poll();
    }
    if (!this.visible || now - this.lastDraw < REDRAW_MS) return;
    this.lastDraw = now;
    const { history, spanS, chosen } = this;
    this.told = drawMemory(this.sheet, { history, marks: this.app.marks, now: now / 1000, spanS, chosen });
  }

  private async poll(): Promise<void> {
    if (this.broken || !this.app.catalog.get()) return;
    try {
      this.take(await fetchJson(this.app.urls.http('v1/memory')));
    } catch (error) {
      // A server that has no such page is asked once; one that is away comes back.
      this.broken = error instanceof Error && /answered 404/.test(error.message);
      if (this.broken) this.summary.textContent = 'This server does not tell what its memory holds.';
    }
  }

  private take(json: unknown): void {
    const map = readMap(json);
    if (!map) return;
    this.history.take(map, performance.now() / 1000);
    const { leases } = map.ledger;
    const text = JSON.stringify([leases, map.components, map.device]);
    if (text === this.shown) return;
    this.shown = text;
    this.summary.replaceChildren(...summary(map));
    this.bar.replaceChildren(...leaseBlocks(map));
    this.shelf.replaceChildren(...componentBlocks(map));
  }

  private choose(told: Told | null): void {
    this.chosen = told;
    this.lastDraw = 0;
    if (!told) {
      this.tale.textContent = '';
      return;
    }
    const ago = Math.max(0, Math.round(this.history.serverTime(performance.now() / 1000) - told.t));
    const text = told.event ? story(told.event) : (told.mark?.text ?? '');
    const device = told.event
      ? ` ${bytesText(told.event.leased)} of ${bytesText(told.event.budget)} were leased then.`
      : '';
    this.tale.textContent = `${ago} s ago: ${text}${device}`;
  }

  private walk(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || this.told.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const at = this.chosen ? this.told.findIndex((one) => one.t === this.chosen!.t) : this.told.length;
    this.choose(this.told[Math.max(0, Math.min(this.told.length - 1, at + step))] ?? null);
  }
}

function legend(): HTMLElement {
  const entry = (name: string, text: string) => h('span', { class: `legend ${name}` }, text);
  return h(
    'div',
    { class: 'memory-legend', 'aria-hidden': 'true' },
    ...PURPOSES.map((purpose) => entry(purpose, purpose)),
    entry('pool', 'pool'),
    entry('budget', 'budget'),
  );
}

function summary({ ledger, device }: MemoryMap): Node[] {
  const free = Math.max(0, ledger.budget - ledger.leased);
  const strong = (text: string) => h('strong', {}, text);
  const others = device.others > 0 ? `, other programs hold ${bytesText(device.others)}` : '';
  return [
    strong(`${bytesText(free)} of headroom`),
    document.createTextNode(
      ` · ${bytesText(ledger.leased)} of ${bytesText(ledger.budget)} leased on ${device.card || device.name || 'the device'}; the pool holds ${bytesText(device.reserved)}${others}. At most ${bytesText(ledger.peak)} were leased.`,
    ),
  ];
}

/** Leases side by side, then what is free; their widths are their bytes. */
function leaseBlocks({ ledger, device }: MemoryMap): Node[] {
  const order = (purpose: string) => (PURPOSES as readonly string[]).indexOf(purpose);
  const leases = [...ledger.leases].sort((a, b) => order(a.purpose) - order(b.purpose) || b.bytes - a.bytes);
  const blocks = leases.map((lease) =>
    h(
      'div',
      {
        class: `lease ${lease.purpose}`,
        role: 'listitem',
        style: `flex-grow: ${Math.max(lease.bytes, ledger.budget / 400)}`,
        title: `${lease.name}: ${bytesText(lease.bytes)} of ${lease.purpose}${lease.owner ? `, leased by ${lease.owner}` : ''}`,
      },
      h('span', {}, lease.name.replace(/_/g, ' ')),
    ),
  );
  const free = Math.max(0, ledger.budget - ledger.leased);
  const pool = Math.max(0, device.reserved - device.used);
  const rest = h(
    'div',
    {
      class: 'lease free',
      role: 'listitem',
      style: `flex-grow: ${Math.max(free, 1)}`,
      title: `${bytesText(free)} are free; the pool keeps ${bytesText(pool)} of pages ready`,
    },
    h('span', {}, `${bytesText(free)} free`),
  );
  return [...blocks, rest];
}

const STATES: Record<string, string> = {
  resident: 'on the device',
  in_use: 'working now',
  'in use': 'working now',
  restoring: 'coming onto the device',
  parked: 'parked: only in its file',
};

function componentBlocks({ components }: MemoryMap): Node[] {
  return components.map((component) => {
    const state = component.state.replace(' ', '_');
    const text = `${component.name.replace(/_/g, ' ')}: ${bytesText(component.bytes)}, ${STATES[component.state] ?? component.state}, restored ${component.restores} times`;
    return h(
      'div',
      {
        class: `component ${state}`,
        role: 'listitem',
        title: text,
        'aria-label': text,
        style: `flex-grow: ${Math.sqrt(component.bytes)}`,
      },
      h('span', { class: 'component-name' }, component.name.replace(/_/g, ' ')),
      h(
        'span',
        { class: 'component-size' },
        `${bytesText(component.bytes)} · ${component.state === 'parked' ? 'parked' : (STATES[component.state]?.split(' ')[0] ?? component.state)}`,
      ),
    );
  });
}
