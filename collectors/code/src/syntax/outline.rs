//! A syntax tree of one file as a list: what a parser of one language alone says, in the words of the grammar.

/// A tree. Every node stands before its children, and these before its next sibling.
#[derive(Debug, Default)]
pub(super) struct Outline {
    nodes: Vec<Entry>,
    /// Where every line begins.
    lines: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    field: Option<Field>,
    start: u32,
    end: u32,
    parent: u32,
    /// The first entry that is not below this one.
    after: u32,
}

/// Defines names of a grammar, as one byte each.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum $name { $($variant,)* }

        impl $name {
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

names! {
    /// What a node is. Operators have no name, as in the grammar.
    Kind {
        And = "and",
        Or = "or",
        Equal = "==",
        Operator = "operator",
        AliasedImport = "aliased_import",
        ArgumentList = "argument_list",
        AsPattern = "as_pattern",
        AsPatternTarget = "as_pattern_target",
        AssertStatement = "assert_statement",
        Assignment = "assignment",
        Attribute = "attribute",
        AugmentedAssignment = "augmented_assignment",
        Await = "await",
        BinaryOperator = "binary_operator",
        Block = "block",
        BooleanOperator = "boolean_operator",
        BreakStatement = "break_statement",
        Call = "call",
        CaseClause = "case_clause",
        CasePattern = "case_pattern",
        ClassDefinition = "class_definition",
        ClassPattern = "class_pattern",
        ComparisonOperator = "comparison_operator",
        ComplexPattern = "complex_pattern",
        ConcatenatedString = "concatenated_string",
        ConditionalExpression = "conditional_expression",
        ContinueStatement = "continue_statement",
        DecoratedDefinition = "decorated_definition",
        Decorator = "decorator",
        DefaultParameter = "default_parameter",
        DeleteStatement = "delete_statement",
        DictPattern = "dict_pattern",
        Dictionary = "dictionary",
        DictionaryComprehension = "dictionary_comprehension",
        DictionarySplat = "dictionary_splat",
        DictionarySplatPattern = "dictionary_splat_pattern",
        DottedName = "dotted_name",
        ElifClause = "elif_clause",
        Ellipsis = "ellipsis",
        ElseClause = "else_clause",
        ExceptClause = "except_clause",
        ExpressionList = "expression_list",
        ExpressionStatement = "expression_statement",
        False = "false",
        FinallyClause = "finally_clause",
        Float = "float",
        ForInClause = "for_in_clause",
        ForStatement = "for_statement",
        FormatSpecifier = "format_specifier",
        FunctionDefinition = "function_definition",
        FutureImportStatement = "future_import_statement",
        GeneratorExpression = "generator_expression",
        GlobalStatement = "global_statement",
        Identifier = "identifier",
        IfClause = "if_clause",
        IfStatement = "if_statement",
        ImportFromStatement = "import_from_statement",
        ImportStatement = "import_statement",
        Integer = "integer",
        Interpolation = "interpolation",
        KeywordArgument = "keyword_argument",
        KeywordPattern = "keyword_pattern",
        KeywordSeparator = "keyword_separator",
        Lambda = "lambda",
        LambdaParameters = "lambda_parameters",
        List = "list",
        ListComprehension = "list_comprehension",
        ListPattern = "list_pattern",
        ListSplat = "list_splat",
        ListSplatPattern = "list_splat_pattern",
        MatchStatement = "match_statement",
        Module = "module",
        NamedExpression = "named_expression",
        None = "none",
        NonlocalStatement = "nonlocal_statement",
        NotOperator = "not_operator",
        Pair = "pair",
        Parameters = "parameters",
        ParenthesizedExpression = "parenthesized_expression",
        PassStatement = "pass_statement",
        PatternList = "pattern_list",
        PositionalSeparator = "positional_separator",
        RaiseStatement = "raise_statement",
        RelativeImport = "relative_import",
        ReturnStatement = "return_statement",
        Set = "set",
        SetComprehension = "set_comprehension",
        Slice = "slice",
        SplatPattern = "splat_pattern",
        String = "string",
        StringContent = "string_content",
        Subscript = "subscript",
        True = "true",
        TryStatement = "try_statement",
        Tuple = "tuple",
        TuplePattern = "tuple_pattern",
        Type = "type",
        TypeConversion = "type_conversion",
        TypedDefaultParameter = "typed_default_parameter",
        TypedParameter = "typed_parameter",
        UnaryOperator = "unary_operator",
        UnionPattern = "union_pattern",
        WhileStatement = "while_statement",
        WildcardImport = "wildcard_import",
        WithClause = "with_clause",
        WithItem = "with_item",
        WithStatement = "with_statement",
        Yield = "yield",
    }
}

impl Kind {
    pub(super) fn is_named(self) -> bool {
        !matches!(self, Self::And | Self::Or | Self::Equal | Self::Operator)
    }
}

names! {
    /// What a node is to its parent.
    Field {
        Alias = "alias",
        Alternative = "alternative",
        Argument = "argument",
        Arguments = "arguments",
        Attribute = "attribute",
        Body = "body",
        Cause = "cause",
        Condition = "condition",
        Consequence = "consequence",
        Definition = "definition",
        Expression = "expression",
        Function = "function",
        Guard = "guard",
        Key = "key",
        Left = "left",
        ModuleName = "module_name",
        Name = "name",
        Object = "object",
        Operator = "operator",
        Parameters = "parameters",
        ReturnType = "return_type",
        Right = "right",
        Subject = "subject",
        Subscript = "subscript",
        Superclasses = "superclasses",
        Type = "type",
        Value = "value",
    }
}

impl Field {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }
}

/// One node of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'t> {
    outline: &'t Outline,
    at: u32,
}

impl<'t> Node<'t> {
    fn entry(self) -> &'t Entry {
        &self.outline.nodes[self.at as usize]
    }

    pub(super) fn kind(self) -> Kind {
        self.entry().kind
    }

    pub(super) fn field(self) -> Option<Field> {
        self.entry().field
    }

    pub(super) fn id(self) -> usize {
        self.at as usize
    }

    pub(super) fn byte_range(self) -> std::ops::Range<usize> {
        self.entry().start as usize..self.entry().end as usize
    }

    /// The line of a byte, from 1.
    pub(super) fn line_of(self, byte: usize) -> u32 {
        let before = self.outline.lines.partition_point(|begin| *begin as usize <= byte);
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    pub(super) fn parent(self) -> Option<Self> {
        Some(Self { at: self.entry().parent, ..self }).filter(|parent| parent.at != self.at)
    }

    pub(super) fn first_child(self) -> Option<Self> {
        Some(Self { at: self.at + 1, ..self }).filter(|child| child.at < self.entry().after)
    }

    pub(super) fn next_sibling(self) -> Option<Self> {
        let end = self.parent()?.entry().after;
        Some(Self { at: self.entry().after, ..self }).filter(|next| next.at < end)
    }

    /// Goes through all that stands below it, in order; below what `enter` says.
    pub(super) fn go_through(self, mut enter: impl FnMut(Self) -> bool) {
        let mut child = Self { at: self.at + 1, ..self };
        while child.at < self.entry().after {
            let next = if enter(child) { child.at + 1 } else { child.entry().after };
            child = Self { at: next, ..self };
        }
    }

    pub(super) fn child_in(self, field: Field) -> Option<Self> {
        std::iter::successors(self.first_child(), |child| child.next_sibling())
            .find(|child| child.field() == Some(field))
    }
}

impl Outline {
    /// An empty tree of a text.
    pub(super) fn of(text: &str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let lines = std::iter::once(0).chain(ends.filter_map(|end| u32::try_from(end + 1).ok())).collect();
        Self { nodes: Vec::new(), lines }
    }

    pub(super) fn root(&self) -> Node<'_> {
        Node { outline: self, at: 0 }
    }

    /// Begins a node in a parent; all that is added before it is closed stands below it.
    pub(super) fn open(&mut self, kind: Kind, field: Option<Field>, start: u32, parent: u32) -> u32 {
        let at = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Entry { kind, field, start, end: start, parent, after: at + 1 });
        at
    }

    pub(super) fn close(&mut self, at: u32, end: u32) {
        let after = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let entry = &mut self.nodes[at as usize];
        (entry.end, entry.after) = (end, after);
    }
}
