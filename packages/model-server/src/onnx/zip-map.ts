/** One field of a protobuf message: its number, and its bytes from tag to end. */
interface Field {
  readonly number: number
  readonly whole: Buffer
  /** What a length-delimited field holds; undefined for the other wire types. */
  readonly content: Buffer | undefined
}

/**
 * Scikit-learn's converter ends a classifier with a ZipMap node, whose output is a list of dictionaries: nothing that a
 * tensor protocol can carry. This replaces each ZipMap with an Identity and declares its output as the FLOAT matrix that
 * goes in (rows × classes, the classes in the order of the label encoder). Undefined where the bytes are no ONNX model or
 * have no ZipMap. Field numbers are those of onnx.proto3.
 */
export function withoutZipMaps(model: Buffer): Buffer | undefined {
  const fields = readFields(model)
  const graph = fields?.find((field) => field.number === 7)?.content
  const graphFields = graph && readFields(graph)
  if (fields === undefined || graphFields === undefined) return undefined
  const zipped = new Set<string>()
  const nodes = graphFields.map((field) => {
    const node = field.number === 1 && field.content ? readNode(field.content) : undefined
    if (node?.operator !== 'ZipMap' || node.input === undefined || node.output === undefined) return field.whole
    zipped.add(node.output)
    return message(1, message(1, node.input), message(2, node.output), message(4, 'Identity'))
  })
  if (zipped.size === 0) return undefined
  const rewritten = graphFields.map((field, i) => {
    const name = field.number === 12 && field.content ? textField(field.content, 1) : undefined
    return name !== undefined && zipped.has(name)
      ? message(12, message(1, name), floatMatrix)
      : (nodes[i] ?? field.whole)
  })
  return Buffer.concat(fields.map((field) => (field.number === 7 ? message(7, ...rewritten) : field.whole)))
}

/** ValueInfoProto.type: a FLOAT tensor with two dimensions of unknown size. */
const floatMatrix = message(2, message(1, Buffer.from([0x08, 1]), message(2, message(1), message(1))))

function readNode(bytes: Buffer): { operator?: string; input?: string; output?: string } {
  const read = (number: number) => textField(bytes, number)
  const [input, output, operator] = [read(1), read(2), read(4)]
  return {
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(operator && { operator }),
  }
}

function textField(bytes: Buffer, number: number): string | undefined {
  return readFields(bytes)
    ?.find((field) => field.number === number)
    ?.content?.toString('utf8')
}

/** The fields of a message in order; undefined when the bytes are no protobuf message. */
function readFields(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  while (at < bytes.length) {
    const start = at
    const tag = readVarint(bytes, at)
    if (tag === undefined) return undefined
    at = tag.end
    const wire = tag.value & 7
    let content: Buffer | undefined
    if (wire === 0) {
      const value = readVarint(bytes, at)
      if (value === undefined) return undefined
      at = value.end
    } else if (wire === 2) {
      const length = readVarint(bytes, at)
      if (length === undefined || length.end + length.value > bytes.length) return undefined
      content = bytes.subarray(length.end, length.end + length.value)
      at = length.end + length.value
    } else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4
    else return undefined
    if (at > bytes.length) return undefined
    fields.push({ number: Math.floor(tag.value / 8), whole: bytes.subarray(start, at), content })
  }
  return fields
}

/** Exact below 2^53, which is all that a tag or a length of a readable file needs. */
function readVarint(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[from + i]
    if (byte === undefined) return undefined
    value += (byte & 127) * 2 ** (7 * i)
    if (byte < 128) return { value, end: from + i + 1 }
  }
  return undefined
}

function message(number: number, ...parts: (string | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)))
  return Buffer.concat([writeVarint(number * 8 + 2), writeVarint(content.length), content])
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
