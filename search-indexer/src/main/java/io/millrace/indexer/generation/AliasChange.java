package io.millrace.indexer.generation;

/** One of several changes that are carried out together or not at all. */
public sealed interface AliasChange {

    /** An index gets an alias; it may have it already. */
    record Add(String index, String alias) implements AliasChange {}

    /** An index loses an alias that it must have. */
    record Remove(String index, String alias) implements AliasChange {}

    /** An index, which must be there, is deleted. */
    record Delete(String index) implements AliasChange {}
}
