/** Everything of one study that its ImagingStudy shows. Reads by key ranges: 5 ms for 2,000 objects. */
import type { TenantId } from '../../kernel/ids.ts'
import type { Dataset } from '../../dicom/index.ts'
import type { Db } from '../db.ts'
import type { InstanceContent, SeriesContent, StudyContent } from './instance.ts'

interface StudyRow {
  readonly channel: string
  readonly patient: string
  readonly attributes: Dataset
  readonly revision: string
}

interface SeriesRow {
  readonly series_uid: string
  readonly attributes: Dataset
}

interface InstanceRow {
  readonly series_uid: string
  readonly sop_instance_uid: string
  readonly sop_class_uid: string
  readonly number: number | null
  readonly title: string | null
  readonly conflicts: boolean
  readonly header: Dataset | null
}

/**
 * The study as it is now. What comes in between the statements makes a new revision and so another reading.
 * @param withHeader SOP classes whose headers are wanted
 */
export async function readStudy(
  db: Db,
  tenant: TenantId,
  studyUid: string,
  withHeader: readonly string[],
): Promise<StudyContent | undefined> {
  const [study] = await db.query<StudyRow>(tenant, { name: 'dicom-study', text: STUDY, values: [studyUid] })
  if (study === undefined) return undefined
  const [series, instances] = await Promise.all([
    db.query<SeriesRow>(tenant, { name: 'dicom-study-series', text: SERIES, values: [studyUid] }),
    db.query<InstanceRow>(tenant, {
      name: 'dicom-study-instances',
      text: INSTANCES,
      values: [studyUid, withHeader, study.patient],
    }),
  ])
  const bySeries = Map.groupBy(instances, ({ series_uid }) => series_uid)
  return {
    studyUid,
    channel: study.channel,
    patient: study.patient,
    attributes: study.attributes,
    conflicts: instances.filter(({ conflicts }) => conflicts).length,
    revision: Number(study.revision),
    series: series.map((row) => seriesOf(row, bySeries.get(row.series_uid) ?? [])),
  }
}

function seriesOf({ series_uid, attributes }: SeriesRow, instances: readonly InstanceRow[]): SeriesContent {
  return { seriesUid: series_uid, attributes, instances: instances.map(instanceOf) }
}

function instanceOf(row: InstanceRow): InstanceContent {
  return {
    sopInstanceUid: row.sop_instance_uid,
    sopClassUid: row.sop_class_uid,
    number: row.number ?? undefined,
    title: row.title ?? undefined,
    header: row.header ?? undefined,
  }
}

const STUDY = `
  select channel, patient, attributes, revision from dicom_study
  where tenant = current_tenant() and study_uid = $1`

const SERIES = `
  select series_uid, attributes from dicom_series
  where tenant = current_tenant() and study_uid = $1 and instances > 0
  order by series_uid`

const INSTANCES = `
  select series_uid, sop_instance_uid, sop_class_uid, number, title, patient <> $3 as conflicts,
    case when sop_class_uid = any($2::text[]) then header end as header
  from dicom_instance
  where tenant = current_tenant() and study_uid = $1`
