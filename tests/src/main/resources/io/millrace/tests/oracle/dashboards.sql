-- What every document of deploy/demo/pipelines/dashboards.yaml must be, by the rows as they are now.
-- json, not jsonb: a number keeps the text that Postgres gives it.
SELECT d.id::text AS id,
       json_build_object(
         'id', d.id,
         'title', d.title,
         'description', d.description,
         'layout', d.layout,
         'views', d.views,
         'popularity', d.popularity,
         'created', to_char(d.created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'changed', to_char(d.modified AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'organisation', (
           SELECT json_build_object('id', o.id, 'name', o.name, 'settings', o.settings)
           FROM public.organisation o
           WHERE o.id = d.organisation_id),
         'author', (
           SELECT json_build_object(
                    'handle', u.handle,
                    'name', u.name,
                    'disabled', u.disabled,
                    'organisation', (SELECT json_build_object('name', o.name) FROM public.organisation o WHERE o.id = u.organisation_id))
           FROM public.app_user u
           WHERE u.id = d.author_id),
         'teams', (
           SELECT coalesce(json_agg(json_build_object(
                    'id', t.id,
                    'name', t.name,
                    'members', (
                      SELECT coalesce(json_agg(json_build_object('user', m.user_id, 'role', m.role, 'joined', to_char(m.joined, 'YYYY-MM-DD'))
                               ORDER BY m.team_id, m.user_id), '[]')
                      FROM public.team_member m
                      WHERE m.team_id = t.id))
                    ORDER BY dt.dashboard_id, dt.team_id), '[]')
           FROM public.dashboard_team dt
           JOIN public.team t ON t.id = dt.team_id
           WHERE dt.dashboard_id = d.id),
         'widgets', (
           SELECT coalesce(json_agg(json_build_object(
                    'position', w.position,
                    'kind', w.kind,
                    'title', w.title,
                    'definition', w.definition,
                    'editor', (SELECT json_build_object('name', u.name) FROM public.app_user u WHERE u.id = w.editor_id))
                    ORDER BY w.position NULLS LAST, w.id), '[]')
           FROM public.dashboard_widget w
           WHERE w.dashboard_id = d.id),
         'lists', (
           SELECT coalesce(json_agg(json_build_object(
                    'id', l.id,
                    'name', l.name,
                    'position', e.position,
                    'owner', (SELECT json_build_object('handle', u.handle) FROM public.app_user u WHERE u.id = l.owner_id))
                    ORDER BY l.name COLLATE "C" DESC, l.id), '[]')
           FROM public.dashboard_list_entry e
           JOIN public.dashboard_list l ON l.id = e.list_id
           WHERE e.dashboard_id = d.id)) AS document
FROM public.dashboard d
