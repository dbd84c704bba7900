// What the shop itself does in the browser: a basket that is only a list of
// names, and telling Segue what is done. `segue` may not be loaded yet, or never
// be; what is pushed waits for it.
window.segue = window.segue || []
const signal = (event, properties) => window.segue.push(['track', event, properties])

const read = () => JSON.parse(localStorage.getItem('basket') ?? '[]')
function write(items) {
  localStorage.setItem('basket', JSON.stringify(items))
  show()
}
function show() {
  for (const output of document.querySelectorAll('[data-basket]')) output.textContent = String(read().length)
}

document.addEventListener('click', event => {
  const { add, remove, order } = event.target.dataset ?? {}
  if (add) {
    write([...read(), add])
    signal('Product Added', { product_id: add })
  } else if (remove) {
    write(read().filter(one => one !== remove))
    signal('Product Removed', { product_id: remove })
  } else if (order !== undefined) {
    signal('Order Completed', { products: read().map(product_id => ({ product_id })) })
    write([])
  }
})

document.addEventListener('submit', event => {
  event.preventDefault()
  if (event.target.dataset.signal) signal(event.target.dataset.signal)
})

function begin() {
  show()
  const viewed = document.querySelector('[data-viewed]')
  if (viewed) signal('Product Viewed', { product_id: viewed.dataset.viewed, price: Number(viewed.dataset.price) })
  if (document.querySelector('[data-basket-page]')) signal('Cart Viewed', { products: read().map(product_id => ({ product_id })) })
}
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin)
else begin()
