// Draws the last minutes of the device's memory.
import type { Mark } from '../app';
import {
  isGrave,
  isNotable,
  leasedOverTime,
  type MemoryEvent,
  type MemoryHistory,
  PURPOSES,
  separations,
} from '../state/memory';
import { bytesText } from '../text';
import { ink, type Sheet } from '../ui/dom';

const LEFT = 64;
const TOP = 22;
const BOTTOM = 30;
const LANE = 8;
const REACH_PX = 7;

export interface Told {
  x: number;
  t: number;
  event: MemoryEvent | null;
  mark: Mark | null;
}

export interface Frame {
  history: MemoryHistory;
  marks: Mark[];
  /** This page's clock, in seconds. */
  now: number;
  spanS: number;
  chosen: Told | null;
}

interface Scale {
  x(t: number): number;
  y(bytes: number): number;
  most: number;
  from: number;
  to: number;
  right: number;
  floor: number;
}

function scaleOf(sheet: Sheet, { history, now, spanS }: Frame): Scale {
  const to = history.serverTime(now);
  const from = to - spanS;
  const { ledger, device } = history.map!;
  let seen = Math.max(device.reserved, ledger.leased, 1);
  for (const event of history.events)
    if (event.t >= from) seen = Math.max(seen, event.reserved, event.leased);
  // With a budget far beyond anything that is used, what is used would be a line on the floor.
  const most = (ledger.budget > 8 * seen ? 2 * seen : Math.max(ledger.budget, seen)) * 1.06;
  const right = sheet.width - 8;
  const floor = sheet.height - BOTTOM;
  return {
    x: (t) => LEFT + ((t - from) / spanS) * (right - LEFT),
    y: (bytes) => floor - (bytes / most) * (floor - TOP),
    most,
    from,
    to,
    right,
    floor,
  };
}

/** Draws, and returns what can be pointed at. */
export function drawMemory(sheet: Sheet, frame: Frame): Told[] {
  const { pen, width, height } = sheet;
  pen.clearRect(0, 0, width, height);
  if (!frame.history.map) return [];
  const scale = scaleOf(sheet, frame);
  axes(sheet, scale, frame.spanS);
  pen.save();
  pen.beginPath();
  pen.rect(LEFT, 0, scale.right - LEFT, height);
  pen.clip();
  rips(sheet, scale, frame.history);
  layers(sheet, scale, frame.history);
  lines(sheet, scale, frame.history);
  activity(sheet, scale, frame.history.events);
  const told = marks(sheet, scale, frame);
  if (frame.chosen) {
    pen.fillStyle = ink('text');
    pen.fillRect(scale.x(frame.chosen.t) - 0.5, TOP - 6, 1, scale.floor - TOP + 6);
  }
  pen.restore();
  return told;
}

function axes({ pen }: Sheet, scale: Scale, spanS: number): void {
  pen.font = '10px system-ui, sans-serif';
  pen.fillStyle = ink('text-dim');
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const bytes = (scale.most / 1.06) * part;
    pen.fillText(bytesText(bytes), LEFT - 6, scale.y(bytes));
    pen.globalAlpha = 0.25;
    pen.fillRect(LEFT, Math.round(scale.y(bytes)), scale.right - LEFT, 1);
    pen.globalAlpha = 1;
  }
  pen.textAlign = 'center';
  pen.textBaseline = 'top';
  const step = spanS > 300 ? 120 : spanS > 90 ? 30 : 10;
  for (let ago = 0; ago < spanS; ago += step) {
    const text = ago === 0 ? 'now' : ago % 60 === 0 ? `−${ago / 60} min` : `−${ago} s`;
    const x = Math.min(scale.x(scale.to - ago), scale.right - 10);
    if (x > LEFT + 14) pen.fillText(text, x, scale.floor + LANE + 6);
  }
  pen.textAlign = 'left';
}

function layers({ pen }: Sheet, scale: Scale, history: MemoryHistory): void {
  const samples = leasedOverTime(history.map!, history.events);
  const first = samples[0];
  if (!first) return;
  // What was before the first event that is remembered stood as that event found it.
  const all = [{ ...first, t: Math.min(first.t, scale.from) }, ...samples];
  const base = all.map(() => 0);
  for (const purpose of PURPOSES) {
    pen.fillStyle = ink(`mem-${purpose}`);
    pen.beginPath();
    const top = all.map((sample, i) => base[i]! + sample.bytes[purpose]);
    all.forEach((sample, i) => {
      const end = all[i + 1]?.t ?? scale.to;
      pen.lineTo(scale.x(sample.t), scale.y(top[i]!));
      pen.lineTo(scale.x(end), scale.y(top[i]!));
    });
    for (let i = all.length - 1; i >= 0; i--) {
      const end = all[i + 1]?.t ?? scale.to;
      pen.lineTo(scale.x(end), scale.y(base[i]!));
      pen.lineTo(scale.x(all[i]!.t), scale.y(base[i]!));
    }
    pen.fill();
    top.forEach((bytes, i) => {
      base[i] = bytes;
    });
  }
}

function lines({ pen }: Sheet, scale: Scale, { events, map }: MemoryHistory): void {
  const step = (value: (event: MemoryEvent) => number, last: number, style: string, dash: number[]) => {
    pen.strokeStyle = style;
    pen.lineWidth = 1.5;
    pen.setLineDash(dash);
    pen.beginPath();
    let y = scale.y(events[0] ? value(events[0]) : last);
    pen.moveTo(LEFT, y);
    for (const event of events) {
      pen.lineTo(scale.x(event.t), y);
      y = scale.y(value(event));
      pen.lineTo(scale.x(event.t), y);
    }
    pen.lineTo(scale.x(scale.to), y);
    pen.lineTo(scale.x(scale.to), scale.y(last));
    pen.stroke();
    pen.setLineDash([]);
  };
  step((event) => event.reserved, map!.device.reserved, ink('mem-pool'), []);
  const { budget } = map!.ledger;
  if (budget <= scale.most) return step((event) => event.budget, budget, ink('mem-budget'), [6, 4]);
  pen.fillStyle = ink('mem-budget');
  pen.textAlign = 'right';
  pen.textBaseline = 'top';
  pen.fillText(`budget ${bytesText(budget)} ↑`, scale.right - 6, TOP + 4);
  pen.textAlign = 'left';
}

function rips({ pen }: Sheet, scale: Scale, { events }: MemoryHistory): void {
  for (const { from, to } of separations(events, scale.to)) {
    pen.fillStyle = ink('mem-rip');
    pen.globalAlpha = 0.18;
    const width = Math.max(3, scale.x(to) - scale.x(from));
    pen.fillRect(scale.x(from), TOP, width, scale.floor - TOP);
    pen.globalAlpha = 1;
    if (width > 60) pen.fillText('splitting stems', scale.x(from) + 4, TOP + 4);
  }
}

/** Steps that ran, as a lane along the bottom. */
function activity({ pen }: Sheet, scale: Scale, events: MemoryEvent[]): void {
  pen.fillStyle = ink('accent');
  let last = -1;
  for (const event of events) {
    if (event.what !== 'step' || event.t < scale.from) continue;
    const x = Math.round(scale.x(event.t));
    if (x !== last) pen.fillRect(x, scale.floor + 2, 1, LANE - 2);
    last = x;
  }
}

function marks(sheet: Sheet, scale: Scale, frame: Frame): Told[] {
  const { pen } = sheet;
  const told: Told[] = [];
  for (const event of frame.history.events) {
    if (event.t < scale.from || !isNotable(event)) continue;
    const x = scale.x(event.t);
    pen.fillStyle = ink(isGrave(event) ? 'danger' : 'text-dim');
    const side = isGrave(event) ? 6 : 3;
    pen.beginPath();
    pen.arc(x, scale.floor - 3, side, 0, Math.PI * 2);
    pen.fill();
    told.push({ x, t: event.t, event, mark: null });
  }
  pen.font = '10px system-ui, sans-serif';
  pen.textBaseline = 'bottom';
  let free = LEFT;
  for (const mark of frame.marks) {
    const t = frame.history.serverTime(mark.at / 1000);
    if (t < scale.from) continue;
    const x = scale.x(t);
    pen.fillStyle = ink(`mark-${mark.kind}`);
    pen.fillRect(x - 1, TOP - 4, 2, scale.floor - TOP + 4);
    const width = pen.measureText(mark.kind).width + 8;
    if (x >= free) {
      pen.fillText(mark.kind, Math.min(x + 3, scale.right - width), TOP - 4);
      free = x + width;
    }
    told.push({ x, t, event: null, mark });
  }
  return told.sort((a, b) => a.t - b.t);
}

/** The nearest that can be told; what went wrong before what did not. */
export function nearest(told: Told[], x: number): Told | null {
  let best: Told | null = null;
  let least = REACH_PX;
  for (const one of told) {
    const grave = one.event && isGrave(one.event) ? 3 : one.mark ? 2 : 0;
    const distance = Math.abs(one.x - x) - grave;
    if (distance < least) {
      least = distance;
      best = one;
    }
  }
  return best;
}
