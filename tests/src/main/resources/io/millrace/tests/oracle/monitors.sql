-- What every document of deploy/demo/pipelines/monitors.yaml must be, by the rows as they are now.
-- json, not jsonb: a number keeps the text that Postgres gives it.
SELECT m.id::text AS id,
       json_build_object(
         'id', m.id,
         'name', m.name,
         'query', m.query,
         'status', m.status,
         'type', m.type,
         'priority', m.priority,
         'muted', m.muted,
         'message', m.message,
         'threshold', m.threshold,
         'noise', m.noise,
         'options', m.options,
         'notify', m.notify,
         'created', to_char(m.created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'modified', to_char(m.modified AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'organisation', (
           SELECT json_build_object('id', o.id, 'name', o.name, 'region', o.region)
           FROM public.organisation o
           WHERE o.id = m.organisation_id),
         'team', (
           SELECT json_build_object(
                    'id', t.id,
                    'name', t.name,
                    'handle', t.handle,
                    'lead', (SELECT json_build_object('handle', u.handle, 'name', u.name) FROM public.app_user u WHERE u.id = t.lead_id))
           FROM public.team t
           WHERE t.id = m.team_id),
         'author', (
           SELECT json_build_object('id', u.id, 'handle', u.handle, 'name', u.name, 'email', u.email, 'born', to_char(u.born, 'YYYY-MM-DD'))
           FROM public.app_user u
           WHERE u.id = m.author_id),
         'tags', (
           SELECT coalesce(json_agg(json_build_object(
                    'key', t.key,
                    'value', t.value,
                    'added_at', to_char(mt.added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                    'owner', (SELECT json_build_object('name', o.name) FROM public.team o WHERE o.id = t.owner_id))
                    ORDER BY t.key COLLATE "C", t.value COLLATE "C", t.id), '[]')
           FROM public.monitor_tag mt
           JOIN public.tag t ON t.id = mt.tag_id
           WHERE mt.monitor_id = m.id),
         'recipients', (
           SELECT coalesce(json_agg(json_build_object(
                    'kind', r.kind,
                    'address', r.address,
                    'delay', r.delay::text,
                    'user', (SELECT json_build_object('handle', u.handle) FROM public.app_user u WHERE u.id = r.user_id))
                    ORDER BY r.kind::text COLLATE "C", r.address COLLATE "C" DESC, r.id), '[]')
           FROM public.monitor_recipient r
           WHERE r.monitor_id = m.id)) AS document
FROM public.monitor m
