// Modal dialogs: the browser's own element, which keeps the focus inside and closes on Escape.
import { h, iconButton } from './dom';

export interface Dialog {
  element: HTMLDialogElement;
  close(): void;
}

export function openDialog(
  title: string,
  body: Node[],
  actions: Node[],
  closed: () => void = () => {},
): Dialog {
  const shut = iconButton('close', 'Close');
  const element = h(
    'dialog',
    { class: 'dialog', 'aria-label': title },
    h('header', {}, h('h2', {}, title), shut),
    h('div', { class: 'dialog-body' }, ...body),
    actions.length > 0 && h('footer', {}, ...actions),
  );
  const close = () => element.close();
  shut.onclick = close;
  element.onclose = () => {
    element.remove();
    closed();
  };
  element.onclick = (event) => {
    if (event.target === element) close();
  };
  document.body.append(element);
  element.showModal();
  return { element, close };
}
