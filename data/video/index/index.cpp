#include "data/video/index/index.h"

#include <algorithm>

#include "data/video/index/coded_pictures.h"

namespace foresee::data {
namespace {

std::optional<int64_t> find_time(const std::vector<std::pair<int64_t, int64_t>>& table, int64_t pts) {
  const auto at = std::lower_bound(table.begin(), table.end(), std::pair{pts, INT64_MIN});
  if (at == table.end() || at->first != pts) return std::nullopt;
  return at->second;
}

// Whether every packet has a time of its own.
CountedBecause judge_times(const std::vector<PacketEntry>& packets,
                           const std::vector<std::pair<int64_t, int64_t>>& packet_by_pts) {
  if (std::any_of(packets.begin(), packets.end(), [](const auto& p) { return p.pts == AV_NOPTS_VALUE; }))
    return CountedBecause::kTimesMissing;
  const bool unique = std::adjacent_find(packet_by_pts.begin(), packet_by_pts.end(), [](const auto& a, const auto& b) {
                        return a.first == b.first;
                      }) == packet_by_pts.end();
  return unique ? CountedBecause::kNotCounted : CountedBecause::kTimesEqual;
}

// Whether the group of packet `number` is the last before a jump of the times. Where two transport streams were joined,
// their packets are not numbered on, and FFmpeg calls the last picture before the join damaged, though it is whole.
bool lies_before_a_join(const FrameIndex& index, int64_t number) {
  constexpr double kJumpS = 0.5;
  const int64_t next = index.next_key(number);
  if (next >= static_cast<int64_t>(index.packets.size())) return false;
  int64_t latest = index.packets[static_cast<size_t>(number)].pts;
  for (int64_t i = number; i < next; ++i) latest = std::max(latest, index.packets[static_cast<size_t>(i)].pts);
  return static_cast<double>(index.packets[static_cast<size_t>(next)].pts - latest) * av_q2d(index.time_base) > kJumpS;
}

}  // namespace

std::optional<int64_t> FrameIndex::packet_at(int64_t pts) const { return find_time(packet_by_pts, pts); }

std::optional<int64_t> FrameIndex::frame_at(int64_t pts) const {
  const auto at =
      std::lower_bound(frames.begin(), frames.end(), pts, [](const FrameEntry& f, int64_t t) { return f.pts < t; });
  if (at == frames.end() || at->pts != pts) return std::nullopt;
  return at - frames.begin();
}

int64_t FrameIndex::start_for(const FrameEntry& frame) const {
  auto key = std::upper_bound(keys.begin(), keys.end(), frame.order);
  while (key != keys.begin()) {
    --key;
    if (packets[static_cast<size_t>(*key)].pts <= frame.pts) return *key;
  }
  return 0;
}

int64_t FrameIndex::next_key(int64_t number) const {
  const auto key = std::upper_bound(keys.begin(), keys.end(), number);
  return key == keys.end() ? static_cast<int64_t>(packets.size()) : *key;
}

bool FrameIndex::spoils(int64_t damaged, const FrameEntry& frame) const {
  if (frame.order < damaged) return false;
  if (frame.order < next_key(damaged)) return true;
  // A leading picture of the next open group is decoded after its key frame but refers to this group as well.
  return start_for(frame) <= damaged;
}

int64_t FrameIndex::longest_gop() const {
  int64_t longest = 0, begin = 0;
  for (const int64_t key : keys) {
    longest = std::max(longest, key - begin);
    begin = key;
  }
  return std::max(longest, static_cast<int64_t>(packets.size()) - begin);
}

void FrameIndex::count_because(CountedBecause reason) {
  by_time = reason == CountedBecause::kNotCounted;
  counted_because = reason;
}

FrameIndex scan_packets(Demuxer& demuxer) {
  FrameIndex index;
  index.time_base = demuxer.time_base();
  CodedPictures coded(demuxer);
  const UniquePacket packet(av_packet_alloc());
  while (demuxer.read(*packet)) {
    const auto number = static_cast<int64_t>(index.packets.size());
    PacketEntry entry;
    entry.pts = packet->pts;
    entry.dts = packet->dts == AV_NOPTS_VALUE ? packet->pts : packet->dts;
    entry.duration = packet->duration;
    entry.key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    entry.shown = (packet->flags & AV_PKT_FLAG_DISCARD) == 0;
    entry.whole = (packet->flags & AV_PKT_FLAG_CORRUPT) == 0;
    if (entry.key) index.keys.push_back(number);
    index.packet_by_pts.emplace_back(entry.pts, number);
    index.packets.push_back(entry);
    coded.add(*packet);
  }
  coded.finish();
  index.interlaced = coded.interlaced();
  index.sizes = coded.sizes();
  index.cut_off_reason = demuxer.cut_off_reason();
  index.lost = std::max<int64_t>(0, demuxer.announced_packets() - static_cast<int64_t>(index.packets.size()));
  std::sort(index.packet_by_pts.begin(), index.packet_by_pts.end());
  index.count_because(judge_times(index.packets, index.packet_by_pts));
  if (!index.by_time) return index;
  index.times_doubtful = coded.contradict_times();

  std::vector<int64_t> damaged;
  for (const auto& [pts, number] : index.packet_by_pts) {
    if (index.packets[static_cast<size_t>(number)].whole) continue;
    if (lies_before_a_join(index, number)) {
      index.damage_doubtful = true;
    } else {
      // Where a transport stream lacks a part, the mark may stand up to two pictures before.
      const auto end = std::min<int64_t>(number + 3, static_cast<int64_t>(index.packets.size()));
      for (int64_t i = number; i < end; ++i) damaged.push_back(i);
    }
  }
  for (const auto& [pts, number] : index.packet_by_pts) {
    const PacketEntry& entry = index.packets[static_cast<size_t>(number)];
    if (!entry.shown) continue;
    const FrameEntry frame{pts, entry.duration, number};
    if (std::any_of(damaged.begin(), damaged.end(), [&](int64_t d) { return index.spoils(d, frame); }))
      ++index.lost;
    else
      index.frames.push_back(frame);
  }
  return index;
}

}  // namespace foresee::data
