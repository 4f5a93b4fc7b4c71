package io.millrace.provisioner;

import io.millrace.pipeline.source.SourceUser;
import java.util.Map;

/**
 * How far the provisioner may go, and for whom.
 *
 * @param usedColumnsOnly publish of each table only its key and what documents are made of
 * @param changeReplicaIdentity whether a table's replica identity may be changed where updates would fail otherwise
 * @param roles services that come to the source databases as roles of their own; all others come as the pipeline files' role, which has the rights that they need
 */
public record Options(boolean usedColumnsOnly, boolean changeReplicaIdentity, Map<SourceUser, Login> roles) {

    public static final Options NONE = new Options(false, false, Map.of());

    public Options {
        roles = Map.copyOf(roles);
    }
}
