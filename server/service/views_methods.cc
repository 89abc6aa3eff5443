#include "cairn/v1/views.pb.h"
#include "server/service/methods.h"
#include "server/views/views.h"

namespace cairn::service {

void AddViewMethods(const Backends&, MethodTableBuilder& table) {
  table.Of(*v1::View::descriptor()->file()->FindServiceByName("ViewService"));
  table.Changes<v1::CreateViewRequest>("CreateView", views::PlanCreateView, StampOfCall());
  table.Answers<v1::GetViewRequest>("GetView", views::GetView);
  table.Answers<v1::ListViewsRequest>("ListViews", views::ListViews);
  table.Changes<v1::DeleteViewRequest>("DeleteView", views::PlanDeleteView);
}

}  // namespace cairn::service
