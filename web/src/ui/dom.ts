// Elements in one expression, and the few things that every panel needs.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/**
 * h('button', { class: 'x', onclick: f, 'aria-label': 'Play' }, 'Play'): functions become properties, true an
 * empty attribute, false and undefined none.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false || value === null) continue;
    if (typeof value === 'function') (element as unknown as Props)[name] = value;
    else if (name === 'value') (element as unknown as Props)['value'] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function s(tag: string, props: Record<string, string | number> = {}, ...children: Node[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

const ICONS = {
  play: 'M7 4.5v15l13-7.5z',
  pause: 'M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z',
  start: 'M6 5v14M19 5.5v13L9 12z',
  loop: 'M17 3l4 4-4 4M3 11V9a2 2 0 0 1 2-2h16M7 21l-4-4 4-4M21 13v2a2 2 0 0 1-2 2H3',
  band: 'M5 4v16M19 4v16M5 12h14M9 9l-4 3 4 3M15 9l4 3-4 3',
  ear: 'M6 8.5a6.5 6.5 0 1 1 13 0c0 6-6 6-6 10a3.5 3.5 0 0 1-7 0M15 8.500a2.500 2.500 0 0 0-5 0v1a2 2 0 0 1 0 4',
  mic: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  dice: 'M4 4h16v16H4zM8.500 8.500h.01M15.500 8.500h.01M12 12h.01M8.500 15.500h.01M15.500 15.500h.01',
  close: 'M5 5l14 14M19 5L5 19',
  more: 'M4 6h16M4 12h16M4 18h16',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  volume: 'M4 9v6h4l5 4V5L8 9zM16.500 9a4 4 0 0 1 0 6M19 6.500a8 8 0 0 1 0 11',
  down: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  memory: 'M4 6h16v12H4zM8 6V3M12 6V3M16 6V3M8 21v-3M12 21v-3M16 21v-3',
  midi: 'M3 5h18v14H3zM8 5v8M12 5v8M16 5v8',
  chevron: 'M6 9l6 6 6-6',
} as const;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGElement {
  const filled = name === 'play' || name === 'pause';
  const path = s('path', { d: ICONS[name] });
  return s(
    'svg',
    { viewBox: '0 0 24 24', class: filled ? 'icon filled' : 'icon', 'aria-hidden': 'true' },
    path,
  );
}

export function iconButton(name: IconName, label: string, props: Props = {}): HTMLButtonElement {
  const { class: extra, ...rest } = props;
  const button = h('button', {
    type: 'button',
    class: `icon-button ${extra ?? ''}`,
    'aria-label': label,
    title: label,
    ...rest,
  });
  button.append(icon(name));
  return button;
}

export function pressed(button: HTMLElement, on: boolean): void {
  button.setAttribute('aria-pressed', String(on));
}

/** Whether the user asked for stillness. */
export const stillness = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A canvas that follows its box at the screen's resolution; `draw` is called with CSS pixels. */
export class Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly pen: CanvasRenderingContext2D;
  width = 0;
  height = 0;
  onresize: () => void = () => {};

  constructor(props: Props) {
    this.canvas = h('canvas', props);
    this.pen = this.canvas.getContext('2d')!;
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const scale = Math.min(2, devicePixelRatio || 1);
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.onresize();
  }
}

/** A colour of the style sheet, by its variable. */
export function ink(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = h('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
