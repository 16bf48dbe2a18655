/**
 * A set of field paths, as structured-merge-diff's `fieldpath.Set`: members are paths that belong to the set, children
 * hold the paths below. Keys are path elements in FieldsV1's own spelling: `f:name`, `k:{"name":"a"}`, `v:"x"`, `i:0`.
 */
export interface FieldSet {
  readonly members: ReadonlySet<string>
  readonly children: ReadonlyMap<string, FieldSet>
}
