/** `node test/golden/differences-page.ts`: the documentation page of the deliberate differences, made from the rules. */
import { writeFileSync } from 'node:fs'
import { rules } from './deliberate-differences.ts'

const page = `# What Millrace does differently from KServe

The renderer is replayed against more than five hundred recorded cases of KServe v0.20. Each case gives the same objects,
final pods and status, or differs by one of the rules below. This page is made from the rules in
\`packages/render/test/golden/deliberate-differences.ts\`; a test keeps the two equal.

${rules.map(({ name, why }) => `- **${name}.** ${why}`).join('\n')}
`

writeFileSync(new URL('../../../../docs/deliberate-differences.md', import.meta.url), page)
