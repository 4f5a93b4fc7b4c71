package io.millrace.denormalizer.registry;

import org.apache.avro.Schema;

/** Where the schema behind an id in the wire format comes from. Thread-safe. */
@FunctionalInterface
public interface SchemaSource {

    /**
     * Waits, for a while, for a registry that is away.
     *
     * @throws RegistryAwayException when it stays away, or does not know the id
     */
    Schema byId(int contentId);
}
