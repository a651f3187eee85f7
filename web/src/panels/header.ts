// The top line: what plays, how it counts, how the connection is.
import type { App } from '../app';
import { timeSignatureName } from '../state/prompt';
import type { Phase } from '../state/session';
import { trackTitle } from '../text';
import { h, icon, iconButton } from '../ui/dom';
import { openCrate } from './crate';

const EVERY_MS = 500;

const SHORT: Record<Phase['kind'], string> = {
  idle: 'Ready to play',
  connecting: 'Connecting',
  ready: 'Live',
  reconnecting: 'Reconnecting',
  preempted: 'Taken over',
  failed: 'Not connected',
};

export class HeaderPanel {
  readonly element: HTMLElement;
  private readonly link = h('div', { class: 'link', role: 'status', tabindex: 0 });
  private readonly dot = h('span', { class: 'link-dot', 'aria-hidden': 'true' });
  private readonly word = h('span', { class: 'link-word' });
  private readonly figures = h('span', { class: 'link-figures' });
  private readonly detail = h('div', { class: 'link-detail' });
  private lead = 0;
  private slices = 0;
  private bytes = 0;
  private last = 0;
  private rate = { slices: 0, kilobytes: 0 };

  constructor(
    private readonly app: App,
    settings: () => void,
  ) {
    const title = h('span', { class: 'track-title' });
    const tracks = h(
      'button',
      { type: 'button', class: 'track', 'data-action': 'tracks', title: 'Tracks (O)' },
      title,
      icon('chevron'),
    );
    tracks.onclick = () => openCrate(app);
    app.desk.track.watch((track) => {
      title.textContent = track ? trackTitle(track.name) : 'Choose a track';
      document.title = track ? `${trackTitle(track.name)} – Headroom` : 'Headroom';
    });
    const facts = h('span', { class: 'facts' });
    app.desk.facts.watch((now) => {
      facts.textContent = now
        ? `${Math.round(now.bpm)} BPM · ${now.key} · ${timeSignatureName(now.timeSignature)}`
        : '';
    });
    this.link.append(this.dot, this.word, this.figures, this.detail);
    this.element = h(
      'header',
      { class: 'top' },
      h('h1', { class: 'brand' }, mark(), h('span', {}, 'Headroom')),
      h('div', { class: 'now' }, tracks, facts),
      this.link,
      iconButton('more', 'Settings', { onclick: settings, 'data-action': 'settings' }),
    );
    app.session.phase.watch(() => this.show());
    app.unstable.watch(() => this.show());
    app.player.health.watch(() => this.show());
  }

  landed(leadS: number, bytes: number): void {
    this.lead = this.lead === 0 ? leadS : this.lead + (leadS - this.lead) * 0.1;
    this.slices++;
    this.bytes += bytes;
  }

  frame(now: number): void {
    const passed = now - this.last;
    if (passed < EVERY_MS) return;
    this.rate = { slices: (this.slices * 1000) / passed, kilobytes: this.bytes / passed };
    this.slices = 0;
    this.bytes = 0;
    this.last = now;
    this.show();
  }

  private show(): void {
    const { session, player, unstable } = this.app;
    const { kind } = session.phase.get();
    const health = player.health.get();
    const live = kind === 'ready';
    const resting = live && session.resting;
    const bad = live && unstable.get();
    this.link.className = `link ${bad ? 'bad' : kind}`;
    this.word.textContent = bad ? 'Unstable' : resting ? 'Resting' : SHORT[kind];
    const tick = session.telemetry.get().tickMs;
    this.figures.textContent = live && this.lead > 0 ? `${Math.round(this.lead * 1000)} ms` : '';
    if (!live) {
      this.detail.textContent = '';
      return;
    }
    const lines = [
      `A turn of a knob is heard about ${Math.round(Math.max(0, this.lead) * 1000)} ms after it was computed.`,
      `Generation ${tick.toFixed(0)} ms, decoding ${session.telemetry.get().decodeMs.toFixed(0)} ms.`,
      `${this.rate.slices.toFixed(0)} slices and ${this.rate.kilobytes.toFixed(0)} kB a second.`,
      `Dropouts ${health.dropouts}, late slices ${health.late}, damaged ${health.damaged}.`,
      health.driftPpm === null ? '' : `Sound card and computer drift by ${health.driftPpm} ppm.`,
      resting ? 'The server rests; it wakes when you touch something.' : '',
    ];
    const text = lines.filter(Boolean).join('\n');
    if (this.detail.textContent !== text) this.detail.textContent = text;
  }
}

function mark(): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('aria-hidden', 'true');
  svg.innerHTML =
    '<path d="M4 7h24" class="mark-line"/><path d="M6 23v-4M11 23v-7M16 23V13M21 23v-5M26 23v-3" class="mark-bars"/>';
  return svg;
}
