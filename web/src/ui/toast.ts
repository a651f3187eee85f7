// Short news at the edge of the screen, read out by screen readers.
import { h, iconButton } from './dom';

const SHOWN_MS = 4500;
const ERROR_MS = 12000;
const MOST = 4;

const shelf = h('div', { class: 'toasts', role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages' });

export function mountToasts(root: HTMLElement): void {
  root.append(shelf);
}

export function toast(text: string, kind: 'news' | 'warning' | 'error' = 'news'): void {
  // What is repeated many times a second is said once.
  if ([...shelf.children].some((item) => item.textContent === text)) return;
  const close = iconButton('close', 'Dismiss');
  const item = h('div', { class: `toast ${kind}` }, h('p', {}, text), close);
  const gone = () => item.remove();
  close.onclick = gone;
  setTimeout(gone, kind === 'news' ? SHOWN_MS : ERROR_MS);
  shelf.append(item);
  while (shelf.childElementCount > MOST) shelf.firstElementChild?.remove();
}
