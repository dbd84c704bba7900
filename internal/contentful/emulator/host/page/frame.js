// The App SDK's channel: messages between this page and an app in an iframe.

// embed shows src in an iframe below parent, and lets its app connect with what
// connection says. calls are what the app may call, by name. It returns the
// iframe, how to push a message to the app, and how to remove it.
export function embed(parent, src, connection, calls) {
  const iframe = document.createElement('iframe')
  iframe.title = connection.location
  iframe.allow = 'clipboard-read; clipboard-write'
  const id = crypto.randomUUID()
  const post = message => iframe.contentWindow?.postMessage(message, '*')
  const push = (method, ...params) => post({ method, params })

  async function answer({ id, method, params }) {
    try {
      if (!calls[method]) throw { code: 'NotEmulated', message: `The host page does not know ${method}.` }
      post({ id, result: await calls[method](...params) })
    } catch (e) {
      console.warn(method, e)
      post({ id, error: { code: e.code ?? 'Error', message: e.message ?? String(e), status: e.status, data: e.data } })
    }
  }

  function receive({ source, data }) {
    if (source !== iframe.contentWindow) return
    if (data.method === 'init') push('connect', { id, ...connection }, [])
    else if (data.source === id) answer(data)
  }

  window.addEventListener('message', receive)
  const owned = { setHeight: height => { iframe.style.height = `${height}px` }, setActive: () => {} }
  calls = { ...owned, ...calls }
  iframe.src = src
  parent.append(iframe)
  return { iframe, push, remove: () => { window.removeEventListener('message', receive); iframe.remove() } }
}
