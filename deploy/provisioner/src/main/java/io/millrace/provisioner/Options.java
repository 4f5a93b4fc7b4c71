package io.millrace.provisioner;

/**
 * How far the provisioner may go.
 *
 * @param usedColumnsOnly publish of each table only its key and what documents are made of
 * @param changeReplicaIdentity whether a table's replica identity may be changed where updates would fail otherwise
 */
public record Options(boolean usedColumnsOnly, boolean changeReplicaIdentity) {

    public static final Options NONE = new Options(false, false);
}
