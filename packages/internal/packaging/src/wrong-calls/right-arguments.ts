/** Values of the types that a public function declares: right ones, from which wrong calls are made. */
import fc from 'fast-check';
import ts from 'typescript';
import type { Declarations } from './declarations.js';

/** What a call's type names stand for where no declaration says it: objects of tfjs and of the language. */
export type StandIns = Readonly<Record<string, () => unknown>>;

/** Types deeper than this are left out: some contain themselves. */
const deepest = 6;

/**
 * Right arguments for all parameters.
 * @param leaveOut whether optional ones may be left out
 */
export function rightArguments(
  parameters: readonly ts.ParameterDeclaration[],
  declarations: Declarations,
  standIns: StandIns,
  leaveOut = true,
): fc.Arbitrary<unknown[]> {
  const rest = parameters.at(-1)?.dotDotDotToken !== undefined;
  return fc
    .tuple(
      ...parameters.map(({ type, questionToken }) => {
        const value = rightValue(type, declarations, standIns);
        return questionToken === undefined || !leaveOut ? value : fc.option(value, { nil: undefined, freq: 4 });
      }),
    )
    .map((values) => (rest ? [...values.slice(0, -1), ...(values.at(-1) as unknown[])] : values));
}

function rightValue(type: ts.TypeNode | undefined, declarations: Declarations, standIns: StandIns) {
  return drawOf(type, 0);

  function drawOf(node: ts.TypeNode | undefined, depth: number): fc.Arbitrary<unknown> {
    if (node === undefined || depth > deepest) return fc.constant(undefined);
    const next = (inner: ts.TypeNode | undefined) => drawOf(inner, depth + 1);
    const same = (inner: ts.TypeNode | undefined) => drawOf(inner, depth);
    switch (node.kind) {
      case ts.SyntaxKind.NumberKeyword:
        return fc.constantFrom(1, 2, 0.5, 0, 8);
      case ts.SyntaxKind.StringKeyword:
        return fc.constantFrom('x', 'conv1', 'relu');
      case ts.SyntaxKind.BooleanKeyword:
        return fc.boolean();
      case ts.SyntaxKind.UnknownKeyword:
      case ts.SyntaxKind.AnyKeyword:
        return fc.constantFrom<unknown>(1, 'x', {});
    }
    if (ts.isParenthesizedTypeNode(node) || ts.isTypeOperatorNode(node)) return same(node.type);
    if (ts.isNamedTupleMember(node)) return same(node.type);
    if (ts.isLiteralTypeNode(node)) return fc.constant(literal(node.literal));
    if (ts.isUnionTypeNode(node)) return fc.oneof(...node.types.map(next));
    if (ts.isIntersectionTypeNode(node))
      return fc
        .tuple(...node.types.map(next))
        .map((parts) => (parts.length === 1 ? parts[0] : Object.assign({}, ...parts)));
    if (ts.isArrayTypeNode(node)) return fc.array(next(node.elementType), { minLength: 1, maxLength: 3 });
    if (ts.isTupleTypeNode(node)) return fc.tuple(...node.elements.map((element) => next(element)));
    if (ts.isFunctionTypeNode(node)) return next(node.type).map((result) => () => result);
    if (ts.isTypeLiteralNode(node)) return record(node.members, depth);
    if (ts.isIndexedAccessTypeNode(node)) return fc.constantFrom('x');
    if (!ts.isTypeReferenceNode(node)) return fc.constant(undefined);
    return reference(node, depth);
  }

  function reference(node: ts.TypeReferenceNode, depth: number): fc.Arbitrary<unknown> {
    const name = node.typeName.getText().replace(/^tf\.|_\d+$/g, '');
    const [first, second] = node.typeArguments ?? [];
    const standIn = standIns[name];
    if (standIn !== undefined) return fc.constant(null).map(standIn);
    if (name === 'Promise' || name === 'Partial' || name === 'Required') return drawOf(first, depth + 1);
    if (name === 'Readonly') return drawOf(first, depth);
    if (name === 'Pick' || name === 'Omit') return drawOf(first, depth + 1);
    if (name === 'ReadonlyArray' || name === 'ArrayLike' || name === 'Iterable')
      return fc.array(drawOf(first, depth + 1), { maxLength: 3 });
    if (name === 'Record')
      return fc.dictionary(fc.constantFrom('x', 'top1'), drawOf(second, depth + 1), { maxKeys: 1 });
    if (name === 'ReadonlyMap' || name === 'Map')
      return drawOf(second, depth + 1).map((value) => new Map([['x', value]]));
    const declared = declarations.get(node.typeName.getText()) ?? declarations.get(name);
    if (declared === undefined) return fc.constant(undefined);
    if (ts.isTypeAliasDeclaration(declared)) return drawOf(declared.type, depth + 1);
    if (!ts.isInterfaceDeclaration(declared)) return fc.constant(undefined);
    const inherited = (declared.heritageClauses ?? []).flatMap(({ types }) =>
      types.map((each) => {
        const base = declarations.get(each.expression.getText());
        return base !== undefined && ts.isInterfaceDeclaration(base)
          ? record(base.members, depth + 1)
          : fc.constant({});
      }),
    );
    return fc
      .tuple(record(declared.members, depth), ...inherited)
      .map(([own, ...bases]) => Object.assign({}, ...bases, own));
  }

  function record(members: ts.NodeArray<ts.TypeElement>, depth: number): fc.Arbitrary<object> {
    const values: Record<string, fc.Arbitrary<unknown>> = {};
    const required: string[] = [];
    for (const member of members) {
      const name = member.name?.getText().replace(/^['"]|['"]$/g, '');
      if (name === undefined || !/^\w+$/.test(name)) continue;
      if (ts.isPropertySignature(member)) values[name] = drawOf(member.type, depth + 1);
      else if (ts.isMethodSignature(member))
        values[name] = drawOf(member.type, depth + 1).map((result) => () => result);
      else continue;
      if (member.questionToken === undefined) required.push(name);
    }
    return fc.record(values, { requiredKeys: required });
  }
}

function literal(node: ts.LiteralTypeNode['literal']): unknown {
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (ts.isPrefixUnaryExpression(node)) return -Number(node.operand.getText());
  return null;
}
