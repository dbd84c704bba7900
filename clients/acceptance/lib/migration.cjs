// Makes a type and fills it, and changes a type that is there, with entries.

module.exports = (migration) => {
  const author = migration.createContentType('author').name('Author').displayField('name')
  author.createField('name').name('Name').type('Symbol').required(true)
  author.createField('site').name('Site').type('Symbol').validations([{ regexp: { pattern: '^https?://' } }])
  author.changeFieldControl('site', 'builtin', 'urlEditor', { helpText: 'Where to read more' })

  const hero = migration.editContentType('hero')
  hero.createField('note').name('Note').type('Text')
  hero.editField('headline').name('Head line')
  hero.moveField('note').toTheTop()
  hero.deleteField('eyebrow')

  migration.transformEntries({
    contentType: 'hero',
    from: ['headline'],
    to: ['note'],
    shouldPublish: 'preserve',
    transformEntryForLocale: ({ headline }, locale) => headline && { note: `Was: ${headline[locale]}` },
  })
}
