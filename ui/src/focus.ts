// The focus does not fall out of a part of the page because what had it has gone: it goes to what came instead.

/** Marks what takes the focus then; without it, the first thing that can. */
const HEIR = "[data-heir]";
const FIRST = "a[href], button, input, select, textarea";

/** An attachment: keeps the focus within `node` when the element that has it is taken away. */
export function keepsFocus(node: HTMLElement): () => void {
  let last: Element | null = null;
  const remember = (event: FocusEvent) => (last = event.target as Element);
  const observer = new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    (node.querySelector<HTMLElement>(HEIR) ?? node.querySelector<HTMLElement>(FIRST))?.focus({ preventScroll: true });
  });
  node.addEventListener("focusin", remember);
  observer.observe(node, { childList: true, subtree: true });
  return () => {
    node.removeEventListener("focusin", remember);
    observer.disconnect();
  };
}
