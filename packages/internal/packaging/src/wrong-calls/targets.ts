/** What is called wrongly: each public function and class, and what they give: functions, and objects with methods. */
import ts from 'typescript';
import type { Declarations, PublicFunction } from './declarations.js';

type Call = (...given: readonly unknown[]) => unknown;

export interface Target extends Pick<PublicFunction, 'specifier' | 'name' | 'parameters' | 'result'> {
  /** What makes the object that has it, or the function that it is. Null where it is a public function itself. */
  readonly madeBy: PublicFunction | MadeByHand | null;
  /** What to call, of the object. */
  readonly of: (made: unknown) => Call;
}

/** An object that takes more to make than arguments of the right types. */
export interface MadeByHand {
  /** Once for all calls, which do not change it. */
  readonly make: () => unknown;
  /** Whether tensors that are given to it are images. */
  readonly takesImages?: true;
}

/** Whose methods tfjs-layers calls, or people would not. */
const notTheirs: Readonly<Record<string, string>> = {
  BaseLayer: 'tfjs-layers calls the methods of layers',
  Architecture: 'a network is described by it',
};
/** Functions whose results others give, too, and for less or with other arguments than any of the right types. */
const givenByOthers =
  /^(fineTune|loadClassifier|freeze|train|createModel|fromPretrained|doctor|useBackend|buildModel|imageFolder|webDataset|parquetDataset|fromDescription|batchTransformFromDescription)$/;

/** @param byHand by the name of their type */
export function allTargets(
  functions: readonly PublicFunction[],
  declarations: Declarations,
  byHand: Readonly<Record<string, MadeByHand>>,
): Target[] {
  const own = functions.map(
    (each): Target => ({
      ...each,
      madeBy: null,
      of: () => (each.isClass ? (...given) => Reflect.construct(each.call, given) : each.call),
    }),
  );
  const made = functions
    .filter(({ name, isClass }) => !isClass && !givenByOthers.test(name))
    .flatMap((each) =>
      callablesOf(each.result, declarations, byHand).map(
        (callable): Target => ({
          ...callable,
          specifier: each.specifier,
          name: `${each.name}()${callable.name}`,
          madeBy: each,
        }),
      ),
    );
  const methods = Object.entries(byHand).flatMap(([type, madeBy]) => {
    const declared = declarations.get(type);
    if (declared === undefined) throw new Error(`the reports declare no ${type}`);
    return membersOf(declared, declarations).map(
      (callable): Target => ({
        ...callable,
        specifier: type,
        name: `${type}${callable.name}`,
        madeBy,
      }),
    );
  });
  return [...own, ...made, ...methods];
}

type Callable = Omit<Target, 'specifier' | 'madeBy'>;

/** What can be called of a value of a type: itself, and its methods. */
function callablesOf(
  type: ts.TypeNode | undefined,
  declarations: Declarations,
  byHand: Readonly<Record<string, MadeByHand>>,
): Callable[] {
  if (type === undefined) return [];
  if (ts.isFunctionTypeNode(type)) return [itself(type)];
  if (!ts.isTypeReferenceNode(type) || notTheirs[type.typeName.getText()] !== undefined) return [];
  const name = type.typeName.getText();
  if (name === 'Promise') return callablesOf(type.typeArguments?.[0], declarations, byHand);
  const declared = declarations.get(name);
  if (declared === undefined || byHand[name] !== undefined) return [];
  if (ts.isTypeAliasDeclaration(declared))
    return ts.isFunctionTypeNode(declared.type)
      ? [itself(declared.type)]
      : callablesOf(declared.type, declarations, byHand);
  return membersOf(declared, declarations);
}

function membersOf(declared: ts.Statement, declarations: Declarations): Callable[] {
  if (!ts.isInterfaceDeclaration(declared) && !ts.isClassDeclaration(declared)) return [];
  const bases = (declared.heritageClauses ?? [])
    .filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    .flatMap(({ types }) => types.map(({ expression }) => expression.getText()));
  if (isNotTheirs(declared.name?.text ?? '', declarations)) return [];
  const found = new Map<string, Callable>();
  for (const member of declared.members) {
    if (ts.isCallSignatureDeclaration(member)) found.set('', itself(member));
    else if (
      (ts.isMethodSignature(member) || ts.isMethodDeclaration(member)) &&
      member.parameters.length > 0 &&
      !(ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Protected | ts.ModifierFlags.Private))
    ) {
      const name = member.name.getText();
      // The first signature of each, as of functions.
      if (!found.has(name)) found.set(name, method(name, member));
    }
  }
  for (const base of bases) {
    const above = declarations.get(base);
    for (const each of above === undefined ? [] : membersOf(above, declarations))
      if (!found.has(each.name.slice(1))) found.set(each.name.slice(1), each);
  }
  return [...found.values()];
}

/** Whether it is one of those, or is derived from one. */
function isNotTheirs(name: string, declarations: Declarations): boolean {
  if (notTheirs[name] !== undefined) return true;
  const declared = declarations.get(name);
  if (declared === undefined || !ts.isClassDeclaration(declared)) return false;
  return (declared.heritageClauses ?? []).some(({ types }) =>
    types.some(({ expression }) => isNotTheirs(expression.getText(), declarations)),
  );
}

function itself({ parameters, type }: ts.SignatureDeclarationBase): Callable {
  return { name: '', parameters: [...parameters], result: type, of: (made) => made as Call };
}

function method(name: string, { parameters, type }: ts.SignatureDeclarationBase): Callable {
  return {
    name: `.${name}`,
    parameters: [...parameters],
    result: type,
    of: (made) => {
      const object = made as Readonly<Record<string, Call>>;
      return (...given) => object[name]?.(...given);
    },
  };
}
