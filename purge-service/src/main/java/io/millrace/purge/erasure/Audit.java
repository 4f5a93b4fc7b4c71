package io.millrace.purge.erasure;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.annotations.Immutable;

/** Who asked for what to be erased, when and why. Rows are written once. */
@Entity
@Immutable
@Table(name = "purge_audit")
class Audit {

    @Id
    UUID id;
    String pipeline;
    @Column(name = "document_id")
    String document;
    @Column(name = "requested_by")
    String requestedBy;
    String reason;
    @Column(name = "requested_at")
    Instant requestedAt;
    @Column(name = "idempotency_key")
    String idempotencyKey;
}
