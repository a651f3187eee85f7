// Draws the waveform: the source as a shadow, what the model makes of it in the light.
import type { Band } from '../player/deck';
import { FRAMES_PER_BIN } from '../player/peaks';
import { extent, type Wave } from '../player/wave';
import { beatsIn, type Grid } from '../state/time';
import { clockText } from '../text';
import { ink, type Sheet } from '../ui/dom';

const RATE = 48000;
const GLOW_MS = 1400;
const CLOSEST_BEAT_PX = 7;
const RULER = 16;

export interface View {
  /** Seconds at the left and right edge. */
  from: number;
  to: number;
}

export interface Colours {
  source: string;
  live: string;
  hot: string;
  grid: string;
  bar: string;
  text: string;
  band: string;
  head: string;
  writing: string;
}

export function coloursNow(): Colours {
  return {
    source: ink('wave-source'),
    live: ink('wave-live'),
    hot: ink('wave-hot'),
    grid: ink('grid'),
    bar: ink('grid-strong'),
    text: ink('text-dim'),
    band: ink('band'),
    head: ink('text'),
    writing: ink('accent'),
  };
}

export interface Scene {
  wave: Wave;
  view: View;
  grid: Grid | null;
  band: Band | null;
  /** Seconds. */
  head: number;
  /** Where the last slice landed, in seconds; null when none did lately. */
  writing: { from: number; to: number } | null;
  now: number;
  glow: boolean;
}

export function drawWaveform(sheet: Sheet, colours: Colours, scene: Scene): void {
  const { pen, width, height } = sheet;
  const { view } = scene;
  const x = (seconds: number) => ((seconds - view.from) / (view.to - view.from)) * width;
  pen.clearRect(0, 0, width, height);
  if (scene.wave.frames === 0) return;
  drawGrid(sheet, colours, scene, x);
  drawOutlines(sheet, colours, scene);
  if (scene.band) drawBand(sheet, colours, scene.band, x);
  if (scene.writing) {
    pen.fillStyle = colours.writing;
    const from = x(scene.writing.from);
    pen.fillRect(from, height - 3, Math.max(3, x(scene.writing.to) - from), 3);
  }
  const head = x(scene.head);
  pen.fillStyle = colours.head;
  pen.fillRect(Math.round(head) - 1, 0, 2, height);
  pen.beginPath();
  pen.moveTo(head - 6, 0);
  pen.lineTo(head + 6, 0);
  pen.lineTo(head, 8);
  pen.fill();
}

function drawGrid(
  sheet: Sheet,
  colours: Colours,
  { view, grid }: Scene,
  x: (seconds: number) => number,
): void {
  const { pen, width, height } = sheet;
  const perPixel = (view.to - view.from) / width;
  pen.font = '10px system-ui, sans-serif';
  pen.textBaseline = 'top';
  if (grid) {
    for (const { at, bar } of beatsIn(grid, view.from, view.to, CLOSEST_BEAT_PX * perPixel)) {
      pen.fillStyle = bar ? colours.bar : colours.grid;
      pen.fillRect(Math.round(x(at)), RULER, 1, height - RULER);
    }
  }
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60];
  const step = steps.find((seconds) => seconds / perPixel > 56) ?? 60;
  pen.fillStyle = colours.text;
  for (let at = Math.ceil(view.from / step) * step; at < view.to; at += step) {
    pen.fillText(clockText(at, step < 1), x(at) + 3, 3);
    pen.fillRect(Math.round(x(at)), 2, 1, RULER - 4);
  }
}

/** What was not rewritten yet stands in the shadow's colour; what was, in the light, and glows for a moment. */
function drawOutlines(sheet: Sheet, colours: Colours, { wave, view, now, glow }: Scene): void {
  const { pen, width, height } = sheet;
  const middle = RULER + (height - RULER) / 2;
  const scale = (height - RULER) / 2 - 4;
  const perPixel = ((view.to - view.from) * RATE) / width;
  const column = (x: number, { least, greatest }: { least: number; greatest: number }, colour: string) => {
    pen.fillStyle = colour;
    pen.fillRect(x, middle - greatest * scale, 1, Math.max(1, (greatest - least) * scale));
  };
  for (let x = 0; x < width; x++) {
    const from = view.from * RATE + x * perPixel;
    column(x, extent(wave.source, from, from + perPixel), colours.source);
    const touched = wave.touched[Math.floor(from / FRAMES_PER_BIN)] ?? 0;
    if (touched === 0) continue;
    const live = extent(wave.live, from, from + perPixel);
    column(x, live, colours.live);
    const age = now - touched;
    if (!glow || age >= GLOW_MS) continue;
    pen.globalAlpha = 1 - age / GLOW_MS;
    column(x, live, colours.hot);
    pen.globalAlpha = 1;
  }
}

function drawBand(sheet: Sheet, colours: Colours, band: Band, x: (seconds: number) => number): void {
  const { pen, width, height } = sheet;
  const from = x(band.start / RATE);
  const to = x(band.end / RATE);
  pen.fillStyle = colours.band;
  pen.globalAlpha = 0.16;
  pen.fillRect(from, 0, to - from, height);
  pen.globalAlpha = 1;
  for (const edge of [from, to]) {
    if (edge < -10 || edge > width + 10) continue;
    pen.fillRect(edge - 1, 0, 2, height);
    pen.beginPath();
    pen.roundRect(edge - 4, height / 2 - 14, 8, 28, 4);
    pen.fill();
  }
}
